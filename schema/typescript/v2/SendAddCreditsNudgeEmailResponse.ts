// Generated from the protocol crate. Do not edit.
import type { AddCreditsNudgeEmailStatus } from "./AddCreditsNudgeEmailStatus";

/** What became of the letter. */
export type SendAddCreditsNudgeEmailResponse = {
  status: AddCreditsNudgeEmailStatus;
};

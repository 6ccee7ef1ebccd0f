// Generated from the protocol crate. Do not edit.
import type { AddCreditsNudgeEmailStatus } from "./AddCreditsNudgeEmailStatus";

/** What became of the letter. */
export type SendAddCreditsNudgeEmailResponse = {
  /** How it stands. */
  status: AddCreditsNudgeEmailStatus;
};

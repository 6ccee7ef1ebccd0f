// Generated from the protocol crate. Do not edit.
import type { AddCreditsNudgeCreditType } from "./AddCreditsNudgeCreditType";

/** Asks the workspace's owner for more. */
export type SendAddCreditsNudgeEmailParams = {
  /** More of what. */
  creditType: AddCreditsNudgeCreditType;
};

// Generated from the protocol crate. Do not edit.
import type { ConsumeAccountRateLimitResetCreditOutcome } from "./ConsumeAccountRateLimitResetCreditOutcome";

/** What became of it. */
export type ConsumeAccountRateLimitResetCreditResponse = {
  /** What became of it. */
  outcome: ConsumeAccountRateLimitResetCreditOutcome;
};

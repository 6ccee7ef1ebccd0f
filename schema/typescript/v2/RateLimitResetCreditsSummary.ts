// Generated from the protocol crate. Do not edit.
import type { RateLimitResetCredit } from "./RateLimitResetCredit";

/** Credits that start a limit afresh. */
export type RateLimitResetCreditsSummary = {
  /** How many can be used. */
  availableCount: number;
  /** All of them. */
  credits: Array<RateLimitResetCredit> | null;
};

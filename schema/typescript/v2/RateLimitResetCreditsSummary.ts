// Generated from the protocol crate. Do not edit.
import type { RateLimitResetCredit } from "./RateLimitResetCredit";

/** Credits that start a limit afresh. */
export type RateLimitResetCreditsSummary = {
  /** How many can be used. */
  availableCount: number;
  /** Each credit; null when details were not asked for or cannot be had. */
  credits: Array<RateLimitResetCredit> | null;
};

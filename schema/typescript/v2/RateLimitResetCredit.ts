// Generated from the protocol crate. Do not edit.
import type { RateLimitResetCreditStatus } from "./RateLimitResetCreditStatus";
import type { RateLimitResetType } from "./RateLimitResetType";

/** A credit that starts a limit afresh. */
export type RateLimitResetCredit = {
  /** What it is for, for people. */
  description: string | null;
  /** When it ends, in Unix seconds. */
  expiresAt: number | null;
  /** When it was given, in Unix seconds. */
  grantedAt: number;
  /** Its id. */
  id: string;
  /** What it starts afresh. */
  resetType: RateLimitResetType;
  /** How it stands. */
  status: RateLimitResetCreditStatus;
  /** Its title. */
  title: string | null;
};

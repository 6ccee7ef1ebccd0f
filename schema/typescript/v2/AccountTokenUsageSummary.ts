// Generated from the protocol crate. Do not edit.

/** Tokens of an account, in sum. */
export type AccountTokenUsageSummary = {
  /** Days in a row up to today. */
  currentStreakDays: number | null;
  /** All there ever were. */
  lifetimeTokens: number | null;
  /** Longest turn, in seconds. */
  longestRunningTurnSec: number | null;
  /** Most days in a row. */
  longestStreakDays: number | null;
  /** Most tokens of a day. */
  peakDailyTokens: number | null;
};

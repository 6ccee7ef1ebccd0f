// Generated from the protocol crate. Do not edit.

/** A spending limit. */
export type SpendControlLimitSnapshot = {
  /** What may be spent. */
  limit: string;
  /** How much is left, in percent. */
  remainingPercent: number;
  /** When it starts afresh, in Unix seconds. */
  resetsAt: number;
  /** What was spent. */
  used: string;
};

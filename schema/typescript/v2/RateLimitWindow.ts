// Generated from the protocol crate. Do not edit.

/** A span of time in which use is counted. */
export type RateLimitWindow = {
  /** When it starts afresh, in Unix seconds. */
  resetsAt: number | null;
  /** How much is used, in percent. */
  usedPercent: number;
  /** How long the span is, in minutes. */
  windowDurationMins: number | null;
};

// Generated from the protocol crate. Do not edit.

/** Tokens of a day. */
export type AccountTokenUsageDailyBucket = {
  /** The day, as `YYYY-MM-DD`. */
  startDate: string;
  /** How many. */
  tokens: number;
};

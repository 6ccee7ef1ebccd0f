// Generated from the protocol crate. Do not edit.

/** What became of a reset credit. */
export type ConsumeAccountRateLimitResetCreditOutcome =
  /** The limit started afresh. */
  | "reset"
  /** There was nothing to start afresh. */
  | "nothingToReset"
  /** There is no credit. */
  | "noCredit"
  /** It was used before. */
  | "alreadyRedeemed";

// Generated from the protocol crate. Do not edit.

/** How a reset credit stands. */
export type RateLimitResetCreditStatus =
  | "redeemed"
  /** It can be used. */
  | "available"
  /** It is being used. */
  | "redeeming"
  /** Something of a later release. */
  | "unknown";

// Generated from the protocol crate. Do not edit.

/** How a reset credit stands. */
export type RateLimitResetCreditStatus =
  /** It can be used. */
  | "available"
  /** It is being used. */
  | "redeeming"
  /** It was used. */
  | "redeemed"
  /** Something of a later release. */
  | "unknown";

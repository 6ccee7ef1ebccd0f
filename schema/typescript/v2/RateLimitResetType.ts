// Generated from the protocol crate. Do not edit.

/** What a reset credit starts afresh. */
export type RateLimitResetType =
  /** The limits of this program. */
  | "codexRateLimits"
  /** Something of a later release. */
  | "unknown";

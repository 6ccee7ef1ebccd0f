// Generated from the protocol crate. Do not edit.

/** Why new tokens are needed. */
export type ChatgptAuthTokensRefreshReason =
  /** The old ones were refused. */
  | "unauthorized";

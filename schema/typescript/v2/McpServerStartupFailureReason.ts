// Generated from the protocol crate. Do not edit.

/** What the user can do about a server that can't be used. */
export type McpServerStartupFailureReason =
  /** Sign in again. */
  | "reauthenticationRequired";

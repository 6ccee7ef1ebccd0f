// Generated from the protocol crate. Do not edit.

/** How the start of a server stands. */
export type McpServerStartupState =
  /** It has begun. */
  | "starting"
  /** The server's tools can be used. */
  | "ready"
  /** They can't. */
  | "failed"
  /** It was given up. */
  | "cancelled";

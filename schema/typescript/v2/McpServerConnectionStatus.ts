// Generated from the protocol crate. Do not edit.

/** How a server stands for a thread. */
export type McpServerConnectionStatus =
  /** Nobody has started it. */
  | "notStarted"
  /** It is being started. */
  | "starting"
  /** It answers. */
  | "connected"
  /** The user has to sign in. */
  | "authenticationRequired"
  /** It could not be started, or has ended. */
  | "failed"
  /** Its start was given up. */
  | "cancelled"
  /** The user has switched it off. */
  | "disabled";

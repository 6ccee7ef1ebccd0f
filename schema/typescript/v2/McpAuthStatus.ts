// Generated from the protocol crate. Do not edit.

/** How users sign in at a server. */
export type McpAuthStatus =
  /** Not known. */
  | "unknown"
  /** Not at all. */
  | "unsupported"
  /** They have yet to. */
  | "notLoggedIn"
  /** By a token of the configuration. */
  | "bearerToken"
  /** They are signed in. */
  | "oAuth";

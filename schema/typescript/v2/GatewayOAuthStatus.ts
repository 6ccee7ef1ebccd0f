// Generated from the protocol crate. Do not edit.

/** How far signing in at a gateway is. */
export type GatewayOAuthStatus =
  /** It can't begin yet. */
  | "notReady"
  /** It has begun. */
  | "started"
  /** The user has signed in. */
  | "succeeded"
  /** The user has not. */
  | "failed";

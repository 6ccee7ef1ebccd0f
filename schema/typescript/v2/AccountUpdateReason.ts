// Generated from the protocol crate. Do not edit.

/** Why a client is told who is signed in. */
export type AccountUpdateReason =
  /** A stored sign-in can be used: it is known where its workspace's requests go. */
  | "workspaceRoutingReady"
  /** Anything else. */
  | "unknown";

// Generated from the protocol crate. Do not edit.

/** A kind of message. */
export type WorkspaceMessageType =
  /** A headline. */
  | "headline"
  /** An announcement. */
  | "announcement"
  /** Something of a later release. */
  | "unknown";

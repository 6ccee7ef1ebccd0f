// Generated from the protocol crate. Do not edit.

/** A kind of message. */
export type WorkspaceMessageType =
  | "headline" | "announcement"
  /** Something of a later release. */
  | "unknown";

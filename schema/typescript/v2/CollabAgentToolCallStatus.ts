// Generated from the protocol crate. Do not edit.

/** How a call that deals with another agent stands. */
export type CollabAgentToolCallStatus =
  /** It runs. */
  | "inProgress"
  /** It returned. */
  | "completed"
  /** It failed. */
  | "failed"
  /** It was interrupted. */
  | "interrupted";

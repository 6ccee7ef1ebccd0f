// Generated from the protocol crate. Do not edit.

/** How another agent stands. */
export type CollabAgentStatus =
  /** It is being started. */
  | "pendingInit"
  /** It works. */
  | "running"
  /** It was interrupted. */
  | "interrupted"
  /** It is done. */
  | "completed"
  /** It failed. */
  | "errored"
  /** It was closed. */
  | "shutdown"
  /** There is no such agent. */
  | "notFound";

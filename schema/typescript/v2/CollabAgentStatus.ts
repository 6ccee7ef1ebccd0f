// Generated from the protocol crate. Do not edit.

/** How another agent stands. */
export type CollabAgentStatus =
  | "running" | "interrupted" | "completed" | "errored" | "shutdown"
  /** It is being started. */
  | "pendingInit"
  /** There is no such agent. */
  | "notFound";

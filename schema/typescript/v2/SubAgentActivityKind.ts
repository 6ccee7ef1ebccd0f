// Generated from the protocol crate. Do not edit.

/** What happened to another agent. */
export type SubAgentActivityKind =
  | "started" | "interrupted" | "completed"
  /** It was spoken to. */
  | "interacted";

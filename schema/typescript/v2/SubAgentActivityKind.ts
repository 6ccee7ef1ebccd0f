// Generated from the protocol crate. Do not edit.

/** What happened to another agent. */
export type SubAgentActivityKind =
  /** It began. */
  | "started"
  /** It was spoken to. */
  | "interacted"
  /** It was interrupted. */
  | "interrupted"
  /** It ended. */
  | "completed";

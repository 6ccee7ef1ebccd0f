// Generated from the protocol crate. Do not edit.

/** How a run stands. */
export type HookRunStatus =
  /** It is not over. */
  | "running"
  /** It went well. */
  | "completed"
  /** It failed, which changes nothing. */
  | "failed"
  /** It forbids what was about to be done. */
  | "blocked"
  /** It ends the work. */
  | "stopped";

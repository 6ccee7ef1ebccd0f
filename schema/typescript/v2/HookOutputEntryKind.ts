// Generated from the protocol crate. Do not edit.

/** What a line about a run is. */
export type HookOutputEntryKind =
  /** For the user. */
  | "warning"
  /** Why the work ends. */
  | "stop"
  /** Why something was forbidden. */
  | "feedback"
  /** For the model. */
  | "context"
  /** Why it failed. */
  | "error";

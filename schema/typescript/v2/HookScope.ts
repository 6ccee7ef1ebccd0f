// Generated from the protocol crate. Do not edit.

/** What a run belongs to. */
export type HookScope =
  /** The thread as a whole. */
  | "thread"
  /** One turn. */
  | "turn";

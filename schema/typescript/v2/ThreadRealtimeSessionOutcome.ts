// Generated from the protocol crate. Do not edit.

/** How a voice session ended. */
export type ThreadRealtimeSessionOutcome =
  /** As it should. */
  | "ended"
  /** With an error. */
  | "failed";

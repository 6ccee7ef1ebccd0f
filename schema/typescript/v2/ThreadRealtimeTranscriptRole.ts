// Generated from the protocol crate. Do not edit.

/** Who spoke. */
export type ThreadRealtimeTranscriptRole =
  /** The user. */
  | "user"
  /** The agent. */
  | "assistant";

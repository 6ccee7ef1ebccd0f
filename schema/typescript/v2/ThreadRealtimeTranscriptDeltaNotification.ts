// Generated from the protocol crate. Do not edit.

/** More of what is said. */
export type ThreadRealtimeTranscriptDeltaNotification = {
  /** What comes next. */
  delta: string;
  /** Who speaks: `user` or `assistant`. */
  role: string;
  /** The thread. */
  threadId: string;
};

// Generated from the protocol crate. Do not edit.

/** What somebody has said. */
export type ThreadRealtimeTranscriptDoneNotification = {
  /** Who spoke: `user` or `assistant`. */
  role: string;
  /** All of it. */
  text: string;
  /** The thread. */
  threadId: string;
};

// Generated from the protocol crate. Do not edit.

/** More of what is said in an item. */
export type ThreadRealtimeItemTranscriptDeltaNotification = {
  /** What comes next. */
  delta: string;
  /** The item. */
  itemId: string;
  /** The thread. */
  threadId: string;
};

// Generated from the protocol crate. Do not edit.

/** The conversation could not start, or has failed. */
export type ThreadRealtimeErrorNotification = {
  /** Why. */
  message: string;
  /** The thread. */
  threadId: string;
};

// Generated from the protocol crate. Do not edit.

/** The queue of a thread is another one now. */
export type ThreadQueueChangedNotification = {
  /** The thread. */
  threadId: string;
};

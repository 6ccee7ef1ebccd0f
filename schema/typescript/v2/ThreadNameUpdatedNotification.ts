// Generated from the protocol crate. Do not edit.

/** A thread's name changed. */
export type ThreadNameUpdatedNotification = {
  /** The thread. */
  threadId: string;
  /** The new name; absent when it has none any more. */
  threadName?: string | null;
};

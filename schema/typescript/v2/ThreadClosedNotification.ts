// Generated from the protocol crate. Do not edit.

/** A thread was unloaded. */
export type ThreadClosedNotification = {
  /** The thread. */
  threadId: string;
};

// Generated from the protocol crate. Do not edit.

/** A thread was deleted. */
export type ThreadDeletedNotification = {
  /** The thread. */
  threadId: string;
};

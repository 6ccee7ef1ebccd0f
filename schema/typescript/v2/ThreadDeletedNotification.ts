// Generated from the protocol crate. Do not edit.

/** A thread was deleted. */
export type ThreadDeletedNotification = {
  threadId: string;
};

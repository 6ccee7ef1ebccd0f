// Generated from the protocol crate. Do not edit.

/** A thread came back from the archive. */
export type ThreadUnarchivedNotification = {
  /** The thread. */
  threadId: string;
};

// Generated from the protocol crate. Do not edit.

/** A thread was archived. */
export type ThreadArchivedNotification = {
  /** The thread. */
  threadId: string;
};

// Generated from the protocol crate. Do not edit.

/** A thread was archived. */
export type ThreadArchivedNotification = {
  threadId: string;
};

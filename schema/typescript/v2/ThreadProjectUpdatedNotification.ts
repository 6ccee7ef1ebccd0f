// Generated from the protocol crate. Do not edit.

/** A thread belongs to another project, or to none. */
export type ThreadProjectUpdatedNotification = {
  /** The project; null for none. */
  projectId: string | null;
  /** The thread. */
  threadId: string;
};

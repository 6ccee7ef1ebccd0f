// Generated from the protocol crate. Do not edit.

/** A thread's history became shorter; read it again. */
export type ThreadRevertedNotification = {
  /** The thread. */
  threadId: string;
};

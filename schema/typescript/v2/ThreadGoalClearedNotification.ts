// Generated from the protocol crate. Do not edit.

/** A thread's goal was dropped. */
export type ThreadGoalClearedNotification = {
  /** The thread. */
  threadId: string;
};

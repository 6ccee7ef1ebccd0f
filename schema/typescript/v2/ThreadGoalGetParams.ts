// Generated from the protocol crate. Do not edit.

/** Reads a thread's goal. */
export type ThreadGoalGetParams = {
  /** The thread. */
  threadId: string;
};

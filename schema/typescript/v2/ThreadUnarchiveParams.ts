// Generated from the protocol crate. Do not edit.

/** Takes a thread out of the archive. */
export type ThreadUnarchiveParams = {
  /** The thread. */
  threadId: string;
};

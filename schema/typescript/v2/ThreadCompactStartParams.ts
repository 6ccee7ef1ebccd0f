// Generated from the protocol crate. Do not edit.

/** The thread to sum up. */
export type ThreadCompactStartParams = {
  /** The thread. */
  threadId: string;
};

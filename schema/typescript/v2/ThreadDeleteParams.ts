// Generated from the protocol crate. Do not edit.

/** Deletes a thread for good. */
export type ThreadDeleteParams = {
  /** The thread. */
  threadId: string;
};

// Generated from the protocol crate. Do not edit.

/** Puts a thread, with all that its agents started, out of sight. */
export type ThreadArchiveParams = {
  /** The thread. */
  threadId: string;
};

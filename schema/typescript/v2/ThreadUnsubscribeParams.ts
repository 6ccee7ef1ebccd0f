// Generated from the protocol crate. Do not edit.

/** Which thread's news to stop. */
export type ThreadUnsubscribeParams = {
  /** The thread. */
  threadId: string;
};

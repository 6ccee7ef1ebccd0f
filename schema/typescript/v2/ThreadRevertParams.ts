// Generated from the protocol crate. Do not edit.

/** Forgets the end of a thread's history. Changes of files stay. */
export type ThreadRevertParams = {
  /** The first turn to forget. */
  beforeTurnId: string;
  /** The thread. */
  threadId: string;
};

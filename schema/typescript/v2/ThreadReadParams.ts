// Generated from the protocol crate. Do not edit.

/** Reads a thread without loading it. */
export type ThreadReadParams = {
  /** With all its turns. */
  includeTurns?: boolean;
  /** The thread. */
  threadId: string;
};

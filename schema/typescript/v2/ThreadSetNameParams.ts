// Generated from the protocol crate. Do not edit.

/** Names a thread. */
export type ThreadSetNameParams = {
  /** The name; blanks around it are cut off. */
  name: string;
  /** The thread. */
  threadId: string;
};

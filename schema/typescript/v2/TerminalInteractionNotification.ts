// Generated from the protocol crate. Do not edit.

/** Somebody wrote into a running command. */
export type TerminalInteractionNotification = {
  /** The item. */
  itemId: string;
  /** Terminal session of the command. */
  processId: string;
  /** What was written. */
  stdin: string;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

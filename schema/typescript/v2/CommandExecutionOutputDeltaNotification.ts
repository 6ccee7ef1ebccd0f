// Generated from the protocol crate. Do not edit.

/** More output of a command. */
export type CommandExecutionOutputDeltaNotification = {
  /** What comes next. */
  delta: string;
  /** The item. */
  itemId: string;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

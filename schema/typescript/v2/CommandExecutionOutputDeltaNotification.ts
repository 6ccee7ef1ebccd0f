// Generated from the protocol crate. Do not edit.

/** More output of a command. */
export type CommandExecutionOutputDeltaNotification = {
  delta: string;
  itemId: string;
  threadId: string;
  turnId: string;
};

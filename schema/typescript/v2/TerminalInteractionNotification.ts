// Generated from the protocol crate. Do not edit.

/** Somebody wrote into a running command. */
export type TerminalInteractionNotification = {
  itemId: string;
  /** Terminal session of the command. */
  processId: string;
  stdin: string;
  threadId: string;
  turnId: string;
};

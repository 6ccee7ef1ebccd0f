// Generated from the protocol crate. Do not edit.

/** A tool says how far it is. */
export type McpToolCallProgressNotification = {
  /** The item. */
  itemId: string;
  /** What it says. */
  message: string;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

// Generated from the protocol crate. Do not edit.

/** More text of an agent message. */
export type AgentMessageDeltaNotification = {
  /** What comes next. */
  delta: string;
  /** The item. */
  itemId: string;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

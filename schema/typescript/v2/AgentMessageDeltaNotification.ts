// Generated from the protocol crate. Do not edit.

/** More text of an agent message. */
export type AgentMessageDeltaNotification = {
  delta: string;
  itemId: string;
  threadId: string;
  turnId: string;
};

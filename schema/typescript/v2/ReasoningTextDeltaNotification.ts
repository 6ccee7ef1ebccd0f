// Generated from the protocol crate. Do not edit.

/** More raw reasoning. */
export type ReasoningTextDeltaNotification = {
  /** Number of the part, from 0. */
  contentIndex: number;
  delta: string;
  itemId: string;
  threadId: string;
  turnId: string;
};

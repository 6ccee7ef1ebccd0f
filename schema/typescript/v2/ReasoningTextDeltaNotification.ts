// Generated from the protocol crate. Do not edit.

/** More raw reasoning. */
export type ReasoningTextDeltaNotification = {
  /** Number of the part, from 0. */
  contentIndex: number;
  /** What comes next. */
  delta: string;
  /** The item. */
  itemId: string;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

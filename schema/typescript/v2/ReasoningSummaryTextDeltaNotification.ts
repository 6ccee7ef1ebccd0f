// Generated from the protocol crate. Do not edit.

/** More text of a reasoning summary. */
export type ReasoningSummaryTextDeltaNotification = {
  /** What comes next. */
  delta: string;
  /** The item. */
  itemId: string;
  /** Number of the section, from 0. */
  summaryIndex: number;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

// Generated from the protocol crate. Do not edit.

/** More text of a reasoning summary. */
export type ReasoningSummaryTextDeltaNotification = {
  delta: string;
  itemId: string;
  /** Number of the section, from 0. */
  summaryIndex: number;
  threadId: string;
  turnId: string;
};

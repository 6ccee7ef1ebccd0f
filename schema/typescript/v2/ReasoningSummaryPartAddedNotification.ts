// Generated from the protocol crate. Do not edit.

/** A section of a reasoning summary begins. */
export type ReasoningSummaryPartAddedNotification = {
  itemId: string;
  /** Number of the section, from 0. */
  summaryIndex: number;
  threadId: string;
  turnId: string;
};

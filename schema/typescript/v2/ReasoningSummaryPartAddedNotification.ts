// Generated from the protocol crate. Do not edit.

/** A section of a reasoning summary begins. */
export type ReasoningSummaryPartAddedNotification = {
  /** The item. */
  itemId: string;
  /** Number of the section, from 0. */
  summaryIndex: number;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

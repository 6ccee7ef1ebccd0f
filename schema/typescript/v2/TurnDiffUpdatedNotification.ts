// Generated from the protocol crate. Do not edit.

/** The changes of a turn, all files together. */
export type TurnDiffUpdatedNotification = {
  /** As a unified diff. */
  diff: string;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

// Generated from the protocol crate. Do not edit.

/** More text of a proposed plan. */
export type PlanDeltaNotification = {
  /** What comes next. */
  delta: string;
  /** The item. */
  itemId: string;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

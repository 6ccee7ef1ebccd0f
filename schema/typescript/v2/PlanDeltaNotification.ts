// Generated from the protocol crate. Do not edit.

/** More text of a proposed plan. */
export type PlanDeltaNotification = {
  delta: string;
  itemId: string;
  threadId: string;
  turnId: string;
};

// Generated from the protocol crate. Do not edit.
import type { ThreadGoal } from "./ThreadGoal";

/** A thread's goal changed. */
export type ThreadGoalUpdatedNotification = {
  goal: ThreadGoal;
  threadId: string;
  /** The turn that changed it, if one did. */
  turnId: string | null;
};

// Generated from the protocol crate. Do not edit.
import type { ThreadGoal } from "./ThreadGoal";

/** A thread's goal changed. */
export type ThreadGoalUpdatedNotification = {
  /** The goal. */
  goal: ThreadGoal;
  /** The thread. */
  threadId: string;
  /** The turn that changed it, if one did. */
  turnId: string | null;
};

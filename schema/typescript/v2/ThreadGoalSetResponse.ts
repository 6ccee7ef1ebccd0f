// Generated from the protocol crate. Do not edit.
import type { ThreadGoal } from "./ThreadGoal";

/** The goal as it is now. */
export type ThreadGoalSetResponse = {
  /** The goal. */
  goal: ThreadGoal;
};

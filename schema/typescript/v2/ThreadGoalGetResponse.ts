// Generated from the protocol crate. Do not edit.
import type { ThreadGoal } from "./ThreadGoal";

/** The goal, if there is one. */
export type ThreadGoalGetResponse = {
  /** Null if the thread has no goal. */
  goal: ThreadGoal | null;
};

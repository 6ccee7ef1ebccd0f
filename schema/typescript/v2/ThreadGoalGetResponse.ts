// Generated from the protocol crate. Do not edit.
import type { ThreadGoal } from "./ThreadGoal";

/** The goal, if there is one. */
export type ThreadGoalGetResponse = {
  /** The goal. */
  goal: ThreadGoal | null;
};

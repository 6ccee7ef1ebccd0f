// Generated from the protocol crate. Do not edit.

/** What became of it. */
export type ThreadGoalClearResponse = {
  /** Whether there was one. */
  cleared: boolean;
};

// Generated from the protocol crate. Do not edit.

/** How a goal stands. */
export type ThreadGoalStatus =
  | "paused" | "complete"
  /** It is worked on. */
  | "active"
  /** The agent cannot go on alone. */
  | "blocked"
  /** The account's limit is reached. */
  | "usageLimited"
  /** Its budget is spent. */
  | "budgetLimited";

// Generated from the protocol crate. Do not edit.

/** How a goal stands. */
export type ThreadGoalStatus =
  /** It is worked on. */
  | "active"
  /** It rests. */
  | "paused"
  /** The agent cannot go on alone. */
  | "blocked"
  /** The account's limit is reached. */
  | "usageLimited"
  /** Its budget is spent. */
  | "budgetLimited"
  /** It is reached. */
  | "complete";

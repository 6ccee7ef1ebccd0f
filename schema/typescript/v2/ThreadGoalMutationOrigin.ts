// Generated from the protocol crate. Do not edit.

/** Who changes a goal. */
export type ThreadGoalMutationOrigin =
  /** The user. */
  | "user"
  /** The client on its own. */
  | "automatic";

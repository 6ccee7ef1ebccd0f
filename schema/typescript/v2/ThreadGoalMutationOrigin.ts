// Generated from the protocol crate. Do not edit.

/** Who changes a goal. */
export type ThreadGoalMutationOrigin =
  | "user"
  /** The client on its own. */
  | "automatic";

// Generated from the protocol crate. Do not edit.

/** How a turn stands. */
export type TurnStatus =
  | "completed" | "interrupted" | "inProgress"
  /** It ended with an error. */
  | "failed";

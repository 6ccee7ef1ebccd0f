// Generated from the protocol crate. Do not edit.

/** How a turn stands. */
export type TurnStatus =
  /** It ended well. */
  | "completed"
  /** It was stopped. */
  | "interrupted"
  /** It ended with an error. */
  | "failed"
  /** It runs. */
  | "inProgress";

// Generated from the protocol crate. Do not edit.

/** How a command stands. */
export type CommandExecutionStatus =
  /** It runs. */
  | "inProgress"
  /** It ended with exit code 0. */
  | "completed"
  /** It ended otherwise, or could not start. */
  | "failed"
  /** It was not allowed to run. */
  | "declined";

// Generated from the protocol crate. Do not edit.

/** How a tool call stands. */
export type DynamicToolCallStatus =
  /** It runs. */
  | "inProgress"
  /** It returned. */
  | "completed"
  /** It failed. */
  | "failed";

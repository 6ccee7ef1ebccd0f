// Generated from the protocol crate. Do not edit.

/** How a tool call stands. */
export type McpToolCallStatus =
  /** It runs. */
  | "inProgress"
  /** It returned. */
  | "completed"
  /** It failed. */
  | "failed";

// Generated from the protocol crate. Do not edit.

/** How a tool call stands. */
export type McpToolCallStatus = "inProgress" | "completed" | "failed";

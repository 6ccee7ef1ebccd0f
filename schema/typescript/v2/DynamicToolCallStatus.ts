// Generated from the protocol crate. Do not edit.

/** How a tool call stands. */
export type DynamicToolCallStatus = "inProgress" | "completed" | "failed";

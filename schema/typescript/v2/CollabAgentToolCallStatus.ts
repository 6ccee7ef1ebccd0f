// Generated from the protocol crate. Do not edit.

/** How a call that deals with another agent stands. */
export type CollabAgentToolCallStatus = "inProgress" | "completed" | "failed" | "interrupted";

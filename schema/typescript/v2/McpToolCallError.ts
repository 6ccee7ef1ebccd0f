// Generated from the protocol crate. Do not edit.

/** Why a tool failed. */
export type McpToolCallError = {
  /** What happened and what can be done, for people. */
  message: string;
};

// Generated from the protocol crate. Do not edit.

/** How much to tell of each server. */
export type McpServerStatusDetail =
  /** Everything. */
  | "full"
  /** No resources. */
  | "toolsAndAuthOnly";

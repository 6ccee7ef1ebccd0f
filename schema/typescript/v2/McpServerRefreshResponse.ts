// Generated from the protocol crate. Do not edit.

/** Has loaded threads read the configuration again. */
export type McpServerRefreshResponse = Record<string, never>;

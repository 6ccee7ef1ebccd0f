// Generated from the protocol crate. Do not edit.

/** An MCP server. */
export type McpServerMigration = {
  /** Its name. */
  name: string;
};

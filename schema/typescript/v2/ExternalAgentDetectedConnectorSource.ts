// Generated from the protocol crate. Do not edit.

/** Where a connector was found. */
export type ExternalAgentDetectedConnectorSource =
  /** Among MCP servers. */
  | "remoteMcpServersConfig"
  /** In sessions. */
  | "sessionToolUse";

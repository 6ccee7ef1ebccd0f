// Generated from the protocol crate. Do not edit.

/** Where a connector that was taken over was found. */
export type ExternalAgentImportedConnectorSource =
  /** Among MCP servers. */
  | "remoteMcpServersConfig";

// Generated from the protocol crate. Do not edit.

/** What can be taken over. */
export type ExternalAgentConfigMigrationItemType =
  /** Instructions. */
  | "AGENTS_MD"
  /** Settings. */
  | "CONFIG"
  /** Skills. */
  | "SKILLS"
  /** Plugins; not supported. */
  | "PLUGINS"
  /** MCP servers. */
  | "MCP_SERVER_CONFIG"
  /** Subagents. */
  | "SUBAGENTS"
  /** Hooks. */
  | "HOOKS"
  /** Commands, which become skills. */
  | "COMMANDS"
  /** Memories; not supported. */
  | "MEMORY"
  /** Sessions; not supported. */
  | "SESSIONS";

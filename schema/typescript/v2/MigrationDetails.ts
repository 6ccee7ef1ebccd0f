// Generated from the protocol crate. Do not edit.
import type { CommandMigration } from "./CommandMigration";
import type { HookMigration } from "./HookMigration";
import type { McpServerMigration } from "./McpServerMigration";
import type { PluginsMigration } from "./PluginsMigration";
import type { SessionMigration } from "./SessionMigration";
import type { SkillMigration } from "./SkillMigration";
import type { SubagentMigration } from "./SubagentMigration";

/** What there is of something. */
export type MigrationDetails = {
  /** Commands. */
  commands: Array<CommandMigration>;
  /** Hooks. */
  hooks: Array<HookMigration>;
  /** MCP servers. */
  mcpServers: Array<McpServerMigration>;
  /** Memories. */
  memory?: Array<string>;
  /** Plugins. */
  plugins: Array<PluginsMigration>;
  /** Sessions. */
  sessions: Array<SessionMigration>;
  /** Skills. */
  skills: Array<SkillMigration>;
  /** Subagents. */
  subagents: Array<SubagentMigration>;
};

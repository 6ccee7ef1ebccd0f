// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { AppSummary } from "./AppSummary";
import type { AppTemplateSummary } from "./AppTemplateSummary";
import type { PluginHookSummary } from "./PluginHookSummary";
import type { PluginSummary } from "./PluginSummary";
import type { ScheduledTaskSummary } from "./ScheduledTaskSummary";
import type { SkillSummary } from "./SkillSummary";

/** What is in a plugin. */
export type PluginDetail = {
  /** Apps that it would set up. */
  appTemplates: Array<AppTemplateSummary>;
  /** Apps. */
  apps: Array<AppSummary>;
  /** What it is for. */
  description: string | null;
  /** Hooks. */
  hooks: Array<PluginHookSummary>;
  /** Name of the marketplace. */
  marketplaceName: string;
  /** List of its marketplace, a file. */
  marketplacePath: AbsolutePathBuf | null;
  /** Names of MCP servers. */
  mcpServers: Array<string>;
  /** The skill to begin with. */
  onboardingSkill: SkillSummary | null;
  /** What it does by itself. */
  scheduledTasks: Array<ScheduledTaskSummary> | null;
  /** Address for others. */
  shareUrl: string | null;
  /** Skills, by name. */
  skills: Array<SkillSummary>;
  /** As in lists. */
  summary: PluginSummary;
};

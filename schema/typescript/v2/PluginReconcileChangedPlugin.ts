// Generated from the protocol crate. Do not edit.

/** A plugin that was changed. */
export type PluginReconcileChangedPlugin = {
  /** It has apps. */
  hasApps: boolean;
  /** It has hooks. */
  hasHooks: boolean;
  /** It has MCP servers. */
  hasMcps: boolean;
  /** It has skills. */
  hasSkills: boolean;
  /** The plugin. */
  id: string;
};

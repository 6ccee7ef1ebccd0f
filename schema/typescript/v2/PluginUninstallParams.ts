// Generated from the protocol crate. Do not edit.

/** A plugin to remove. */
export type PluginUninstallParams = {
  /** The plugin, `plugin@marketplace`. */
  pluginId: string;
};

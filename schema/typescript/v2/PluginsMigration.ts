// Generated from the protocol crate. Do not edit.

/** Plugins of a marketplace. */
export type PluginsMigration = {
  /** The marketplace. */
  marketplaceName: string;
  /** Their names. */
  pluginNames: Array<string>;
};

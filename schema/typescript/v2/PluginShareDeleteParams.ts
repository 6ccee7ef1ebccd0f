// Generated from the protocol crate. Do not edit.

/** A plugin to share no longer. */
export type PluginShareDeleteParams = {
  /** Id of the plugin with the account. */
  remotePluginId: string;
};

// Generated from the protocol crate. Do not edit.

/** A shared plugin to copy. */
export type PluginShareCheckoutParams = {
  /** Id of the plugin with the account. */
  remotePluginId: string;
};

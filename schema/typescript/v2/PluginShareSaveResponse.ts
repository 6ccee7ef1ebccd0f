// Generated from the protocol crate. Do not edit.

/** It is shared. */
export type PluginShareSaveResponse = {
  /** Whether the whole workspace may get it. */
  canPublishToWorkspace: boolean | null;
  /** Id of the plugin with the account. */
  remotePluginId: string;
  /** Address for others. */
  shareUrl: string;
};

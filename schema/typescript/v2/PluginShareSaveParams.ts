// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { PluginShareDiscoverability } from "./PluginShareDiscoverability";
import type { PluginShareTarget } from "./PluginShareTarget";

/** A plugin to share. */
export type PluginShareSaveParams = {
  /** Who finds it. */
  discoverability?: PluginShareDiscoverability | null;
  /** Folder of the plugin. */
  pluginPath: AbsolutePathBuf;
  /** Id of the plugin with the account. */
  remotePluginId?: string | null;
  /** Whom it is shared with. */
  shareTargets?: Array<PluginShareTarget> | null;
};

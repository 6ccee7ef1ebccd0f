// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** The copy. */
export type PluginShareCheckoutResponse = {
  /** Name of the marketplace. */
  marketplaceName: string;
  /** List of its marketplace, a file. */
  marketplacePath: AbsolutePathBuf;
  /** The plugin, `plugin@marketplace`. */
  pluginId: string;
  /** Name of the plugin. */
  pluginName: string;
  /** Folder of the plugin. */
  pluginPath: AbsolutePathBuf;
  /** Id of the plugin with the account. */
  remotePluginId: string;
  /** Its version with the account. */
  remoteVersion: string | null;
};

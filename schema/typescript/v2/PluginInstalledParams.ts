// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** Which installed plugins to list. */
export type PluginInstalledParams = {
  /** Folders whose marketplaces count, too. */
  cwds?: Array<AbsolutePathBuf> | null;
  /** Plugins of these names are listed, too, installed or not. */
  installSuggestionPluginNames?: Array<string> | null;
};

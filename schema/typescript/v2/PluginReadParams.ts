// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** A plugin. */
export type PluginReadParams = {
  /** List of its marketplace, a file. */
  marketplacePath?: AbsolutePathBuf | null;
  /** Its name. */
  pluginName: string;
  /** Name of its marketplace with the account. */
  remoteMarketplaceName?: string | null;
};

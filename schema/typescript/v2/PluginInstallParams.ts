// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** A plugin to install. */
export type PluginInstallParams = {
  /** Names the attempt, for logs. */
  installAttemptId?: string | null;
  /** List of its marketplace, a file. */
  marketplacePath?: AbsolutePathBuf | null;
  /** Name of the plugin. */
  pluginName: string;
  /** Name of its marketplace with the account. */
  remoteMarketplaceName?: string | null;
};

// Generated from the protocol crate. Do not edit.
import type { PluginShareTarget } from "./PluginShareTarget";
import type { PluginShareUpdateDiscoverability } from "./PluginShareUpdateDiscoverability";

/** Whom a plugin is shared with from now on. */
export type PluginShareUpdateTargetsParams = {
  /** Who finds it. */
  discoverability: PluginShareUpdateDiscoverability;
  /** Id of the plugin with the account. */
  remotePluginId: string;
  /** Whom it is shared with. */
  shareTargets: Array<PluginShareTarget>;
};

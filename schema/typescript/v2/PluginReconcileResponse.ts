// Generated from the protocol crate. Do not edit.
import type { PluginReconcileChangedPlugin } from "./PluginReconcileChangedPlugin";

/** What was changed; nothing, as no account manages plugins here. */
export type PluginReconcileResponse = {
  /** Plugins that were changed. */
  changedPlugins: Array<PluginReconcileChangedPlugin>;
  /** Those that could not be written. */
  failedMaterializationRemotePluginIds: Array<string>;
  /** Those that could not be fetched. */
  failedRemotePluginIds: Array<string>;
};

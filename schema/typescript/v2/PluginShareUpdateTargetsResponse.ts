// Generated from the protocol crate. Do not edit.
import type { PluginShareDiscoverability } from "./PluginShareDiscoverability";
import type { PluginSharePrincipal } from "./PluginSharePrincipal";

/** Whom it is shared with. */
export type PluginShareUpdateTargetsResponse = {
  /** Who finds it. */
  discoverability: PluginShareDiscoverability;
  /** Who has it. */
  principals: Array<PluginSharePrincipal>;
};

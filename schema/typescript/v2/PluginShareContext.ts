// Generated from the protocol crate. Do not edit.
import type { PluginShareDiscoverability } from "./PluginShareDiscoverability";
import type { PluginSharePrincipal } from "./PluginSharePrincipal";

/** How a plugin is shared. */
export type PluginShareContext = {
  /** Whether the whole workspace may get it. */
  canPublishToWorkspace: boolean | null;
  /** Who made it. */
  creatorAccountUserId: string | null;
  /** Their name. */
  creatorName: string | null;
  /** Who finds it. */
  discoverability: PluginShareDiscoverability | null;
  /** Id of the plugin with the account. */
  remotePluginId: string;
  /** Its version with the account. */
  remoteVersion: string | null;
  /** Who has it. */
  sharePrincipals: Array<PluginSharePrincipal> | null;
  /** Address for others. */
  shareUrl: string | null;
};

// Generated from the protocol crate. Do not edit.
import type { PluginAuthPolicy } from "./PluginAuthPolicy";
import type { PluginAvailability } from "./PluginAvailability";
import type { PluginDisabledReason } from "./PluginDisabledReason";
import type { PluginInstallPolicy } from "./PluginInstallPolicy";
import type { PluginInstallPolicySource } from "./PluginInstallPolicySource";
import type { PluginInterface } from "./PluginInterface";
import type { PluginShareContext } from "./PluginShareContext";
import type { PluginSource } from "./PluginSource";

/** A plugin, in short. */
export type PluginSummary = {
  /** When it asks for an account. */
  authPolicy: PluginAuthPolicy;
  /** Whether it may be used. */
  availability: PluginAvailability;
  /** Why it is off, if its user has not said so. */
  disabledReason: PluginDisabledReason | null;
  /** Plans that may use it. */
  eligiblePlanTypes: Array<string> | null;
  /** Whether it is on. */
  enabled: boolean;
  /** The plugin, `plugin@marketplace`. */
  id: string;
  /** Whether it may be installed. */
  installPolicy: PluginInstallPolicy;
  /** Who says so. */
  installPolicySource: PluginInstallPolicySource | null;
  /** There is a copy of it. */
  installed: boolean;
  /** Since when. */
  installedAt: number | null;
  /** How it is shown. */
  interface: PluginInterface | null;
  /** Words to find it by. */
  keywords: Array<string>;
  /** The version in the folder of its marketplace. */
  localVersion: string | null;
  /** Whether people must be asked first. */
  mustShowInstallationInterstitial: boolean | null;
  /** Its name. */
  name: string;
  /** Id of the plugin with the account. */
  remotePluginId: string | null;
  /** How it is shared. */
  shareContext: PluginShareContext | null;
  /** Where its files are. */
  source: PluginSource;
  /** Its version with the account. */
  version: string | null;
};

// Generated from the protocol crate. Do not edit.
import type { PluginSharePrincipalRole } from "./PluginSharePrincipalRole";
import type { PluginSharePrincipalType } from "./PluginSharePrincipalType";

/** Who has a shared plugin. */
export type PluginSharePrincipal = {
  /** Name for people. */
  name: string;
  /** Who. */
  principalId: string;
  /** What they are. */
  principalType: PluginSharePrincipalType;
  /** What they may do. */
  role: PluginSharePrincipalRole;
};

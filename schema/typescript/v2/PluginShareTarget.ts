// Generated from the protocol crate. Do not edit.
import type { PluginSharePrincipalType } from "./PluginSharePrincipalType";
import type { PluginShareTargetRole } from "./PluginShareTargetRole";

/** Whom a plugin is shared with. */
export type PluginShareTarget = {
  /** Who. */
  principalId: string;
  /** What they are. */
  principalType: PluginSharePrincipalType;
  /** What they may do. */
  role: PluginShareTargetRole;
};

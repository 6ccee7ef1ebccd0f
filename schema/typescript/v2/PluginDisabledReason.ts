// Generated from the protocol crate. Do not edit.

/** Why a plugin is off. */
export type PluginDisabledReason =
  /** An administrator says so. */
  | "disabled_by_admin"
  /** The plan does not include it. */
  | "plan_not_eligible"
  /** An app that it needs is missing. */
  | "required_app_unavailable"
  /** Something else. */
  | "unknown";

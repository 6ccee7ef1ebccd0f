// Generated from the protocol crate. Do not edit.

/** Whether a plugin may be used. */
export type PluginAvailability =
  /** An administrator says no. */
  | "DISABLED_BY_ADMIN"
  /** Yes. */
  | "AVAILABLE";

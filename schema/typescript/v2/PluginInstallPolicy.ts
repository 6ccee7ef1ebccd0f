// Generated from the protocol crate. Do not edit.

/** Whether a plugin may be installed. */
export type PluginInstallPolicy =
  /** No. */
  | "NOT_AVAILABLE"
  /** Yes. */
  | "AVAILABLE"
  /** Its marketplace would have it installed. */
  | "INSTALLED_BY_DEFAULT";

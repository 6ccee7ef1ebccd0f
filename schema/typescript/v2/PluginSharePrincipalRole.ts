// Generated from the protocol crate. Do not edit.

/** What those may do who have a plugin. */
export type PluginSharePrincipalRole =
  /** Read it. */
  | "reader"
  /** Change it. */
  | "editor"
  /** Everything. */
  | "owner";

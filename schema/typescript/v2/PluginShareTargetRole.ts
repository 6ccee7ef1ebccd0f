// Generated from the protocol crate. Do not edit.

/** What others may do with a plugin. */
export type PluginShareTargetRole =
  /** Read it. */
  | "reader"
  /** Change it. */
  | "editor";

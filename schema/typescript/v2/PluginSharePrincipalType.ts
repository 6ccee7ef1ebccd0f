// Generated from the protocol crate. Do not edit.

/** What those are who share a plugin. */
export type PluginSharePrincipalType =
  /** A person. */
  | "user"
  /** A group. */
  | "group"
  /** All of a workspace. */
  | "workspace";

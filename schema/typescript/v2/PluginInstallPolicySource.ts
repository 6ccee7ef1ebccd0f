// Generated from the protocol crate. Do not edit.

/** Who says whether a plugin may be installed. */
export type PluginInstallPolicySource =
  /** The workspace. */
  | "WORKSPACE_SETTING"
  /** The app that it stands for. */
  | "IMPLICIT_CANONICAL_APP";

// Generated from the protocol crate. Do not edit.

/** Where a hook comes from. */
export type HookSource =
  /** The machine. */
  | "system"
  /** The user's home. */
  | "user"
  /** The project. */
  | "project"
  /** Device management. */
  | "mdm"
  /** The command line, or the client. */
  | "sessionFlags"
  /** A plugin. */
  | "plugin"
  /** Requirements of the account. */
  | "cloudRequirements"
  /** Configuration of the account. */
  | "cloudManagedConfig"
  /** A file of the administrator. */
  | "legacyManagedConfigFile"
  /** Device management. */
  | "legacyManagedConfigMdm"
  /** Not known. */
  | "unknown";

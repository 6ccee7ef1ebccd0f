// Generated from the protocol crate. Do not edit.

/** Who finds a shared plugin from now on. */
export type PluginShareUpdateDiscoverability =
  /** Who has the address. */
  | "UNLISTED"
  /** Nobody else. */
  | "PRIVATE"
  /** Everybody. */
  | "LISTED";

// Generated from the protocol crate. Do not edit.

/** Who finds a shared plugin. */
export type PluginShareDiscoverability =
  /** Everybody. */
  | "LISTED"
  /** Who has the address. */
  | "UNLISTED"
  /** Nobody else. */
  | "PRIVATE";

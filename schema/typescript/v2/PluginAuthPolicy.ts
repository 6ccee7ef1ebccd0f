// Generated from the protocol crate. Do not edit.

/** When a plugin asks for an account. */
export type PluginAuthPolicy =
  /** When it is installed. */
  | "ON_INSTALL"
  /** When it is used. */
  | "ON_USE";

// Generated from the protocol crate. Do not edit.

/** Asks for the plugins that are shared. */
export type PluginShareListParams = Record<string, never>;

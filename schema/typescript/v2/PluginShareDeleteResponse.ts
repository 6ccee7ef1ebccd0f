// Generated from the protocol crate. Do not edit.

/** It is shared no longer. */
export type PluginShareDeleteResponse = Record<string, never>;

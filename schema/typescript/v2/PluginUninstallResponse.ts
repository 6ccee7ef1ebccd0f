// Generated from the protocol crate. Do not edit.

/** It is not there any more. */
export type PluginUninstallResponse = Record<string, never>;

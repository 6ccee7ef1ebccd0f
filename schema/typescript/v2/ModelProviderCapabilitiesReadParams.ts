// Generated from the protocol crate. Do not edit.

/** Asks what a provider can do. */
export type ModelProviderCapabilitiesReadParams = Record<string, never>;

// Generated from the protocol crate. Do not edit.

/** Asks for the model providers. */
export type ModelProviderListParams = Record<string, never>;

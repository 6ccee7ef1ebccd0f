// Generated from the protocol crate. Do not edit.

/** They are in the history. */
export type ThreadInjectItemsResponse = Record<string, never>;

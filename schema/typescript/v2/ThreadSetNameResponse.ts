// Generated from the protocol crate. Do not edit.

/** It has the name. */
export type ThreadSetNameResponse = Record<string, never>;

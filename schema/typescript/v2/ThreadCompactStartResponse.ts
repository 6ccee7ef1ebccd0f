// Generated from the protocol crate. Do not edit.

/** It is about to begin; its turn tells the rest. */
export type ThreadCompactStartResponse = Record<string, never>;

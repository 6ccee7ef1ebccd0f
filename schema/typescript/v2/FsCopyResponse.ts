// Generated from the protocol crate. Do not edit.

/** It is copied. */
export type FsCopyResponse = Record<string, never>;

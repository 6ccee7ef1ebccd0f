// Generated from the protocol crate. Do not edit.

/** It has ended. */
export type FsUnwatchResponse = Record<string, never>;

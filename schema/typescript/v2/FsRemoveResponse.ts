// Generated from the protocol crate. Do not edit.

/** It is gone. */
export type FsRemoveResponse = Record<string, never>;

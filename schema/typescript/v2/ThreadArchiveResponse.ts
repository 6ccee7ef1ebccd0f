// Generated from the protocol crate. Do not edit.

/** It is in the archive. */
export type ThreadArchiveResponse = Record<string, never>;

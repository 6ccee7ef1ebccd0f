// Generated from the protocol crate. Do not edit.

/** It is written. */
export type FsWriteFileResponse = Record<string, never>;

// Generated from the protocol crate. Do not edit.

/** It is there. */
export type FsCreateDirectoryResponse = Record<string, never>;

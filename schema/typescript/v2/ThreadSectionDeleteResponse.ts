// Generated from the protocol crate. Do not edit.

/** It is gone. */
export type ThreadSectionDeleteResponse = Record<string, never>;

// Generated from the protocol crate. Do not edit.

/** It is there. */
export type ThreadSectionMoveResponse = Record<string, never>;

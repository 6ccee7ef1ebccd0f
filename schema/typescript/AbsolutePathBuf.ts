// Generated from the protocol crate. Do not edit.

/** An absolute path. */
export type AbsolutePathBuf = string;

// Generated from the protocol crate. Do not edit.

/** Id of a thread, a UUID. */
export type ThreadId = string;

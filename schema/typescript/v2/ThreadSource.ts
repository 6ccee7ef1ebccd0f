// Generated from the protocol crate. Do not edit.

/** What a thread is for, in words of the client. */
export type ThreadSource = string;

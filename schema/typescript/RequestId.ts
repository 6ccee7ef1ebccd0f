// Generated from the protocol crate. Do not edit.

/** What ties an answer to its request, chosen by who asks. */
export type RequestId = string | number;

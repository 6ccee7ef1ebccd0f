// Generated from the protocol crate. Do not edit.

/** What happened to an attachment. */
export type ThreadAttachmentOperation = "created" | "deleted";

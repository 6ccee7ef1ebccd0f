// Generated from the protocol crate. Do not edit.

/** What happened to an attachment. */
export type ThreadAttachmentOperation =
  /** It was added. */
  | "created"
  /** It was removed. */
  | "deleted";

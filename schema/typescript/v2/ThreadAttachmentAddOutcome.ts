// Generated from the protocol crate. Do not edit.

/** Whether an attachment is new. */
export type ThreadAttachmentAddOutcome =
  /** It is new. */
  | "created"
  /** It was there; nothing changed. */
  | "existing";

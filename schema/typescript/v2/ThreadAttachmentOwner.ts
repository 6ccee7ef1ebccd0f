// Generated from the protocol crate. Do not edit.

/** A thread that has an attachment. */
export type ThreadAttachmentOwner = {
  /** Whether it is archived. */
  archived: boolean;
  /** The thread. */
  threadId: string;
};

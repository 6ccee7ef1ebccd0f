// Generated from the protocol crate. Do not edit.

/** Removes an attachment. */
export type ThreadAttachmentRemoveParams = {
  /** Kind of attachment, in words of the client. */
  attachmentType: string;
  /** What makes it the same attachment, in words of the client. */
  identityKey: string;
  /** The thread. */
  threadId: string;
};

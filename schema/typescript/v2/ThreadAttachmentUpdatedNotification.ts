// Generated from the protocol crate. Do not edit.
import type { ThreadAttachmentOperation } from "./ThreadAttachmentOperation";

/** An attachment was added or removed. */
export type ThreadAttachmentUpdatedNotification = {
  /** The attachment. */
  attachmentId: string;
  /** Kind of attachment, in words of the client. */
  attachmentType: string;
  /** What makes it the same attachment, in words of the client. */
  identityKey: string;
  /** What happened. */
  operation: ThreadAttachmentOperation;
  /** The thread. */
  threadId: string;
};

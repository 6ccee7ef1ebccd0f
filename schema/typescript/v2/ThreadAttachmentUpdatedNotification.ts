// Generated from the protocol crate. Do not edit.
import type { ThreadAttachmentOperation } from "./ThreadAttachmentOperation";

/** An attachment was added or removed. */
export type ThreadAttachmentUpdatedNotification = {
  attachmentId: string;
  /** Kind of attachment, in words of the client. */
  attachmentType: string;
  /** What makes it the same attachment, in words of the client. */
  identityKey: string;
  operation: ThreadAttachmentOperation;
  threadId: string;
};

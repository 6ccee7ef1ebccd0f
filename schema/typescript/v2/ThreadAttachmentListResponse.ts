// Generated from the protocol crate. Do not edit.
import type { ThreadAttachment } from "./ThreadAttachment";

/** A page of attachments. */
export type ThreadAttachmentListResponse = {
  data: Array<ThreadAttachment>;
  /** Where the next page begins; null on the last page. */
  nextCursor: string | null;
};

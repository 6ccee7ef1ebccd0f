// Generated from the protocol crate. Do not edit.
import type { ThreadAttachment } from "./ThreadAttachment";

/** A page of attachments. */
export type ThreadAttachmentListResponse = {
  /** The page. */
  data: Array<ThreadAttachment>;
  /** Where the next page begins; null on the last page. */
  nextCursor: string | null;
};

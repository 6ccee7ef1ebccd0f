// Generated from the protocol crate. Do not edit.
import type { ThreadAttachmentOwner } from "./ThreadAttachmentOwner";

/** A page of threads. */
export type ThreadAttachmentOwnerListResponse = {
  /** The page. */
  data: Array<ThreadAttachmentOwner>;
  /** Where the next page begins; null on the last page. */
  nextCursor: string | null;
};

// Generated from the protocol crate. Do not edit.
import type { ThreadItemEntry } from "./ThreadItemEntry";

/** A page of items. */
export type ThreadItemsListResponse = {
  /** Where the page before begins, for a request in the opposite direction. */
  backwardsCursor: string | null;
  /** The page. */
  data: Array<ThreadItemEntry>;
  /** Where the next page begins; null on the last page. */
  nextCursor: string | null;
};

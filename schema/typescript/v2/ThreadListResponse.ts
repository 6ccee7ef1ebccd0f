// Generated from the protocol crate. Do not edit.
import type { Thread } from "./Thread";

/** A page of threads. */
export type ThreadListResponse = {
  /** Where the page before begins, for a request in the opposite direction. */
  backwardsCursor: string | null;
  /** The page. */
  data: Array<Thread>;
  /** Where the next page begins; null on the last page. */
  nextCursor: string | null;
};

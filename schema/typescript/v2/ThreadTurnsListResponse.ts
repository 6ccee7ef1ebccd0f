// Generated from the protocol crate. Do not edit.
import type { Turn } from "./Turn";

/** A page of turns. */
export type ThreadTurnsListResponse = {
  /** Where the page before begins, for a request in the opposite direction. */
  backwardsCursor: string | null;
  /** The page. */
  data: Array<Turn>;
  /** Where the next page begins; null on the last page. */
  nextCursor: string | null;
};

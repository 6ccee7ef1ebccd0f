// Generated from the protocol crate. Do not edit.
import type { ThreadSection } from "./ThreadSection";

/** A page of sections. */
export type ThreadSectionListResponse = {
  /** The page. */
  data: Array<ThreadSection>;
  /** Where the next page begins; null on the last page. */
  nextCursor: string | null;
};

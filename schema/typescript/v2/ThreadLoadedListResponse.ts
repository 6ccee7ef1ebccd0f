// Generated from the protocol crate. Do not edit.

/** Threads that are loaded. */
export type ThreadLoadedListResponse = {
  /** Their ids. */
  data: Array<string>;
  /** Where the next page begins; null on the last page. */
  nextCursor: string | null;
};

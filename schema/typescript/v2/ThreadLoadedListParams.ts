// Generated from the protocol crate. Do not edit.

/** Which page of the loaded threads. */
export type ThreadLoadedListParams = {
  /** Where the last page ended (`nextCursor`); absent for the first page. */
  cursor?: string | null;
  /** Most entries of a page; absent for all. */
  limit?: number | null;
};

// Generated from the protocol crate. Do not edit.

/** Which page of the sections. */
export type ThreadSectionListParams = {
  /** Where the last page ended (`nextCursor`); absent for the first page. */
  cursor?: string | null;
  /** Most entries of a page. */
  limit?: number | null;
};

// Generated from the protocol crate. Do not edit.

/** Which features to list. */
export type ExperimentalFeatureListParams = {
  /** Where the last page ended (`nextCursor`); absent for the first page. */
  cursor?: string | null;
  /** Most entries of a page. */
  limit?: number | null;
  /** As they are in this thread; absent for the configuration's. */
  threadId?: string | null;
};

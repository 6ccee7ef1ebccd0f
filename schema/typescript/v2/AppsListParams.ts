// Generated from the protocol crate. Do not edit.

/** Which apps to list. */
export type AppsListParams = {
  /** Where the last page ended (`nextCursor`); absent for the first page. */
  cursor?: string | null;
  /** Whether nothing that is kept counts. */
  forceRefetch?: boolean;
  /** Most entries of a page. */
  limit?: number | null;
  /** The thread that they are for. */
  threadId?: string | null;
};

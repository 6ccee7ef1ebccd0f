// Generated from the protocol crate. Do not edit.

/** Which models to list. */
export type ModelListParams = {
  /** Where the last page ended (`nextCursor`); absent for the first page. */
  cursor?: string | null;
  /** Also models that are not offered to users. */
  includeHidden?: boolean | null;
  /** Most entries of a page. */
  limit?: number | null;
  /** Models of this provider; absent for the configured one. */
  modelProvider?: string | null;
};

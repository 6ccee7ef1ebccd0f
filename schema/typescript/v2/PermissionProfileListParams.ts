// Generated from the protocol crate. Do not edit.

/** Which permission profiles to list. */
export type PermissionProfileListParams = {
  /** Where the last page ended (`nextCursor`); absent for the first page. */
  cursor?: string | null;
  /** The folder whose configuration counts; relative to the server's working folder. */
  cwd?: string | null;
  /** Most entries of a page. */
  limit?: number | null;
};

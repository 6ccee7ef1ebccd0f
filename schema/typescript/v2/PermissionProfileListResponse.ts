// Generated from the protocol crate. Do not edit.
import type { PermissionProfileSummary } from "./PermissionProfileSummary";

/** A page of permission profiles. */
export type PermissionProfileListResponse = {
  /** The built-in ones first. */
  data: Array<PermissionProfileSummary>;
  /** Where the next page begins; null on the last page. */
  nextCursor: string | null;
};

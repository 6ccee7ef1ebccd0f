// Generated from the protocol crate. Do not edit.
import type { SortDirection } from "./SortDirection";
import type { ThreadListCwdFilter } from "./ThreadListCwdFilter";
import type { ThreadSortKey } from "./ThreadSortKey";
import type { ThreadSourceKind } from "./ThreadSourceKind";

/** Which threads to list. */
export type ThreadListParams = {
  /** Whether to look among archived threads instead of the others. */
  archived?: boolean | null;
  /** Only threads that the user who is signed in has started, and those that nobody with an account has. */
  currentAccountOnly?: boolean;
  /** Where the last page ended (`nextCursor`); absent for the first page. */
  cursor?: string | null;
  /** Only threads of these working folders. */
  cwd?: ThreadListCwdFilter | null;
  /** All but these; at most 100. */
  excludedThreadIds?: Array<string> | null;
  /** Only these, at most 100, in the usual order; those that don't fit the rest of the request are left out. Absent for all, empty for none. */
  includedThreadIds?: Array<string> | null;
  /** Most entries of a page, 1 to 100; absent for 25. */
  limit?: number | null;
  /** Only threads of these providers; empty for all. */
  modelProviders?: Array<string> | null;
  /** Only threads that these programs made. Not supported for local threads. */
  originators?: Array<string> | null;
  /** Only threads whose title contains this text. */
  searchTerm?: string | null;
  /** Only threads of this section; null for those without. */
  sectionId?: string | null;
  /** In which direction; absent for the method's own default. */
  sortDirection?: SortDirection | null;
  /** By what; absent for the time of creation. */
  sortKey?: ThreadSortKey | null;
  /** Only threads that came from these; absent for what users see. */
  sourceKinds?: Array<ThreadSourceKind> | null;
  /** Do not look for files that the index does not know yet. Accepted; without effect: the index is always current. */
  useStateDbOnly?: boolean;
};

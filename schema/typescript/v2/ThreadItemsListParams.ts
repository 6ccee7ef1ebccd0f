// Generated from the protocol crate. Do not edit.
import type { SortDirection } from "./SortDirection";
import type { ThreadItemOutputDeferral } from "./ThreadItemOutputDeferral";
import type { ThreadItemsListCursor } from "./ThreadItemsListCursor";

/** Which page of a thread's items; oldest first unless said otherwise. */
export type ThreadItemsListParams = {
  /** Where the last page ended (`nextCursor`), or an item to begin at. */
  cursor?: ThreadItemsListCursor | null;
  /** Outputs to leave out. */
  deferOutput?: ThreadItemOutputDeferral | null;
  /** Most entries of a page, 1 to 100; absent for 25. */
  limit?: number | null;
  /** In which direction; absent for the method's own default. */
  sortDirection?: SortDirection | null;
  /** The thread. */
  threadId: string;
  /** Only items of this turn. */
  turnId?: string | null;
};

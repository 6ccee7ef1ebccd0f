// Generated from the protocol crate. Do not edit.
import type { SortDirection } from "./SortDirection";
import type { TurnItemsView } from "./TurnItemsView";

/** Which page of a thread's turns; newest first unless said otherwise. */
export type ThreadTurnsListParams = {
  /** Where the last page ended (`nextCursor`); absent for the first page. */
  cursor?: string | null;
  /** How much of the items to send; absent for a summary. */
  itemsView?: TurnItemsView | null;
  /** Most entries of a page, 1 to 100; absent for 25. */
  limit?: number | null;
  /** In which direction; absent for the method's own default. */
  sortDirection?: SortDirection | null;
  /** The thread. */
  threadId: string;
};

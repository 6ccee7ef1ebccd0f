// Generated from the protocol crate. Do not edit.
import type { ThreadItemsListAnchor } from "./ThreadItemsListAnchor";

/** Where a page of items begins. */
export type ThreadItemsListCursor =
  /** Where the last page ended. */
  | string
  /** At an item. */
  | ThreadItemsListAnchor;

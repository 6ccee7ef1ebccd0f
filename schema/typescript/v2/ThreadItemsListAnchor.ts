// Generated from the protocol crate. Do not edit.

/** A place among items. */
export type ThreadItemsListAnchor =
  /** An item. */
  | {
    /** The item. */
    itemId: string;
    type: "item";
  };

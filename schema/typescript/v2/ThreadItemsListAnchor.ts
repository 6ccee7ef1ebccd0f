// Generated from the protocol crate. Do not edit.

/** A place among items. */
export type ThreadItemsListAnchor =
  | {
    itemId: string;
    type: "item";
  };

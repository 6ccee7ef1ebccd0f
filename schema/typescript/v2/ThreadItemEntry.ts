// Generated from the protocol crate. Do not edit.
import type { ThreadItem } from "./ThreadItem";

/** An item with its turn and times. */
export type ThreadItemEntry = {
  /** When it ended, in Unix milliseconds. */
  completedAtMs: number | null;
  /** The item. */
  item: ThreadItem;
  /** When it began, in Unix milliseconds. */
  startedAtMs: number | null;
  /** The turn. */
  turnId: string;
};

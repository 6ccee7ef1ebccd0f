// Generated from the protocol crate. Do not edit.
import type { ThreadItem } from "./ThreadItem";

/** An item began. */
export type ItemStartedNotification = {
  /** The item, as far as it is known. */
  item: ThreadItem;
  /** When it began, in Unix milliseconds. */
  startedAtMs: number;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

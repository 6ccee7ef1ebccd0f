// Generated from the protocol crate. Do not edit.
import type { ThreadItem } from "./ThreadItem";

/** An item is complete. This is the truth about it, whatever was streamed before. */
export type ItemCompletedNotification = {
  /** When it ended, in Unix milliseconds. */
  completedAtMs: number;
  /** Tokens of its content, where they are counted. */
  contentTokenCount: number | null;
  /** The item. */
  item: ThreadItem;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

// Generated from the protocol crate. Do not edit.
import type { Thread } from "./Thread";

/** The shorter thread. */
export type ThreadRevertResponse = {
  /** Where `thread/items/list` continues backwards. */
  itemsBackwardsCursor: string | null;
  /** The thread. */
  thread: Thread;
  /** Where `thread/turns/list` continues backwards. */
  turnsBackwardsCursor: string | null;
};

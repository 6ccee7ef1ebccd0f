// Generated from the protocol crate. Do not edit.
import type { ThreadRealtimeItem } from "./ThreadRealtimeItem";

/** An item of the conversation is complete. */
export type ThreadRealtimeItemCompletedNotification = {
  /** The item. */
  item: ThreadRealtimeItem;
  /** The thread. */
  threadId: string;
};

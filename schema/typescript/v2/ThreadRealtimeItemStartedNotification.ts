// Generated from the protocol crate. Do not edit.
import type { ThreadRealtimeItem } from "./ThreadRealtimeItem";

/** An item of the conversation has begun. */
export type ThreadRealtimeItemStartedNotification = {
  /** The item. */
  item: ThreadRealtimeItem;
  /** The thread. */
  threadId: string;
};

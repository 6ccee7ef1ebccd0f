// Generated from the protocol crate. Do not edit.
import type { RealtimeConversationVersion } from "../RealtimeConversationVersion";

/** A voice conversation has started. */
export type ThreadRealtimeStartedNotification = {
  /** Name of the session. */
  realtimeSessionId: string | null;
  /** The thread. */
  threadId: string;
  /** What it speaks. */
  version: RealtimeConversationVersion;
};

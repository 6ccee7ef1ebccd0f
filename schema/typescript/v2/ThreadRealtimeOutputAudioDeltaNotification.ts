// Generated from the protocol crate. Do not edit.
import type { ThreadRealtimeAudioChunk } from "./ThreadRealtimeAudioChunk";

/** Sound to play. */
export type ThreadRealtimeOutputAudioDeltaNotification = {
  /** The sound. */
  audio: ThreadRealtimeAudioChunk;
  /** The thread. */
  threadId: string;
};

// Generated from the protocol crate. Do not edit.
import type { ThreadRealtimeTranscriptRole } from "./ThreadRealtimeTranscriptRole";

/** Words of a voice. */
export type ThreadRealtimeVoiceTranscript = {
  /** Who spoke. */
  role: ThreadRealtimeTranscriptRole;
  /** The words. */
  text: string;
};

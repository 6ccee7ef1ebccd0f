// Generated from the protocol crate. Do not edit.
import type { ThreadRealtimeVoiceTranscript } from "./ThreadRealtimeVoiceTranscript";

/** What was said, by channel. */
export type ThreadRealtimeFrameChannels = {
  /** The voice. */
  voice_transcript: ThreadRealtimeVoiceTranscript;
};

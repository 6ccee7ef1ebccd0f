// Generated from the protocol crate. Do not edit.

/** A piece of sound. */
export type ThreadRealtimeAudioChunk = {
  /** The samples, base64. */
  data: string;
  /** The item that it belongs to. */
  itemId: string | null;
  /** Channels. */
  numChannels: number;
  /** Samples per second. */
  sampleRate: number;
  /** Samples of each channel. */
  samplesPerChannel: number | null;
};

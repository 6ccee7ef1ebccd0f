// Generated from the protocol crate. Do not edit.

/** What the server of a voice conversation speaks. */
export type RealtimeConversationVersion =
  /** The first protocol. */
  | "v1"
  /** The public realtime protocol. */
  | "v2"
  /** The live protocol. */
  | "v3";

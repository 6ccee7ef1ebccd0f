// Generated from the protocol crate. Do not edit.

/** What a hand-off does to a turn. */
export type ThreadRealtimeHandoffMode =
  /** It begins one. */
  | "start"
  /** It says more to the one that runs. */
  | "steer";

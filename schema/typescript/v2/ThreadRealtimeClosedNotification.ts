// Generated from the protocol crate. Do not edit.

/** The conversation has ended. */
export type ThreadRealtimeClosedNotification = {
  /** `requested`, `transport_closed` or `error`. */
  reason: string | null;
  /** The thread. */
  threadId: string;
};

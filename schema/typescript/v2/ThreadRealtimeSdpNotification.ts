// Generated from the protocol crate. Do not edit.

/** The answer to a WebRTC offer. */
export type ThreadRealtimeSdpNotification = {
  /** The answer. */
  sdp: string;
  /** The thread. */
  threadId: string;
};

// Generated from the protocol crate. Do not edit.

/** Where the unread part of a thread begins. */
export type ThreadUnreadPosition =
  | {
    type: "threadStart";
  }
  | {
    turnId: string;
    type: "turn";
  };

// Generated from the protocol crate. Do not edit.

/** Where the unread part of a thread begins. */
export type ThreadUnreadPosition =
  /** With its beginning. */
  | {
    type: "threadStart";
  }
  /** With a turn. */
  | {
    /** The turn. */
    turnId: string;
    type: "turn";
  };

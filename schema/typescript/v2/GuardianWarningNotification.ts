// Generated from the protocol crate. Do not edit.

/** Something about a review that the user should know. */
export type GuardianWarningNotification = {
  /** The text. */
  message: string;
  /** The thread. */
  threadId: string;
};

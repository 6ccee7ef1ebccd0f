// Generated from the protocol crate. Do not edit.

/** Something that the user should know; nothing stops. */
export type WarningNotification = {
  /** What it is. */
  message: string;
  /** The thread that it is about; null when it is about the server. */
  threadId: string | null;
};

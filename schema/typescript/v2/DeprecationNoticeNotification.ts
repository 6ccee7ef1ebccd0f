// Generated from the protocol crate. Do not edit.

/** Something that the client did will stop to work one day. */
export type DeprecationNoticeNotification = {
  /** More about it, if there is more. */
  details: string | null;
  /** One line about it, for people. */
  summary: string;
};

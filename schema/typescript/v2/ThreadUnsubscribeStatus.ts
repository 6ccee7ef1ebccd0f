// Generated from the protocol crate. Do not edit.

/** What became of a subscription. */
export type ThreadUnsubscribeStatus =
  /** The thread is not loaded. */
  | "notLoaded"
  /** There was none. */
  | "notSubscribed"
  /** It has ended. */
  | "unsubscribed";

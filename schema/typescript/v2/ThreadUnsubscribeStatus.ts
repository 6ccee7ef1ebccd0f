// Generated from the protocol crate. Do not edit.

/** What became of a subscription. */
export type ThreadUnsubscribeStatus =
  | "notSubscribed" | "unsubscribed"
  /** The thread is not loaded. */
  | "notLoaded";

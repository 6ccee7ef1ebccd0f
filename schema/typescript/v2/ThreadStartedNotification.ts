// Generated from the protocol crate. Do not edit.
import type { Thread } from "./Thread";

/** A thread was started or forked. */
export type ThreadStartedNotification = {
  /** The thread. */
  thread: Thread;
};

// Generated from the protocol crate. Do not edit.
import type { ThreadStatus } from "./ThreadStatus";

/** A thread's status changed. Sent to every connection. */
export type ThreadStatusChangedNotification = {
  /** How it stands. */
  status: ThreadStatus;
  /** The thread. */
  threadId: string;
};

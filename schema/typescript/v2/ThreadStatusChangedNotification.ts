// Generated from the protocol crate. Do not edit.
import type { ThreadStatus } from "./ThreadStatus";

/** A thread's status changed. Sent to every connection. */
export type ThreadStatusChangedNotification = {
  status: ThreadStatus;
  threadId: string;
};

// Generated from the protocol crate. Do not edit.
import type { ThreadReadState } from "./ThreadReadState";

/** What the user has read of a thread changed. */
export type ThreadReadStateChangedNotification = {
  /** What the user has read of it. */
  readState: ThreadReadState;
  /** The thread. */
  threadId: string;
};

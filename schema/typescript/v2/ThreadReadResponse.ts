// Generated from the protocol crate. Do not edit.
import type { Thread } from "./Thread";

/** The thread. */
export type ThreadReadResponse = {
  /** The thread. */
  thread: Thread;
};

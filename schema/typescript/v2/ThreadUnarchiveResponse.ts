// Generated from the protocol crate. Do not edit.
import type { Thread } from "./Thread";

/** It is back. */
export type ThreadUnarchiveResponse = {
  /** The thread. */
  thread: Thread;
};

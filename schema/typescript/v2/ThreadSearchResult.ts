// Generated from the protocol crate. Do not edit.
import type { Thread } from "./Thread";

/** A found thread. */
export type ThreadSearchResult = {
  /** Text around the match. */
  snippet: string;
  /** The thread. */
  thread: Thread;
};

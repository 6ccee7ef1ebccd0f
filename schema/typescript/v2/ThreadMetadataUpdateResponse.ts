// Generated from the protocol crate. Do not edit.
import type { Thread } from "./Thread";

/** The thread with its new metadata. */
export type ThreadMetadataUpdateResponse = {
  /** The thread. */
  thread: Thread;
};

// Generated from the protocol crate. Do not edit.
import type { MemoryCitationEntry } from "./MemoryCitationEntry";

/** Memories that a message rests on. */
export type MemoryCitation = {
  /** The memories. */
  entries: Array<MemoryCitationEntry>;
  /** Threads that they come from. */
  threadIds: Array<string>;
};

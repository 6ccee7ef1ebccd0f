// Generated from the protocol crate. Do not edit.

/** Puts a thread into a section. */
export type ThreadSectionMoveParams = {
  /** The thread that it comes before; absent for the end. */
  beforeThreadId?: string | null;
  /** The section; null takes it out of any. */
  sectionId: string | null;
  /** The thread. */
  threadId: string;
};

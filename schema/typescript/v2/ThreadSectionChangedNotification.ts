// Generated from the protocol crate. Do not edit.

/** A thread was put into another section. */
export type ThreadSectionChangedNotification = {
  /** The section; null when it is in none. */
  sectionId: string | null;
  /** The thread. */
  threadId: string;
};

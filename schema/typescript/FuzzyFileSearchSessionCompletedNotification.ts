// Generated from the protocol crate. Do not edit.

/** The last results are those of the whole of the folders. */
export type FuzzyFileSearchSessionCompletedNotification = {
  /** The search. */
  sessionId: string;
};

// Generated from the protocol crate. Do not edit.
import type { FuzzyFileSearchResult } from "./FuzzyFileSearchResult";

/** What was found so far. */
export type FuzzyFileSearchSessionUpdatedNotification = {
  /** At most 50, the best first. They take the place of those that were told before. */
  files: Array<FuzzyFileSearchResult>;
  /** For this query. */
  query: string;
  /** The search. */
  sessionId: string;
};

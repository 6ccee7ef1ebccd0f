// Generated from the protocol crate. Do not edit.
import type { FuzzyFileSearchResult } from "./FuzzyFileSearchResult";

/** What was found. */
export type FuzzyFileSearchResponse = {
  /** At most 50, the best first. */
  files: Array<FuzzyFileSearchResult>;
};

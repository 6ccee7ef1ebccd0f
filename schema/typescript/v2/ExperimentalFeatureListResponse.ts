// Generated from the protocol crate. Do not edit.
import type { ExperimentalFeature } from "./ExperimentalFeature";

/** A page of features. */
export type ExperimentalFeatureListResponse = {
  /** The page. */
  data: Array<ExperimentalFeature>;
  /** Where the next page begins; null on the last page. */
  nextCursor: string | null;
};

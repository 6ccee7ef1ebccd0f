// Generated from the protocol crate. Do not edit.
import type { FuzzyFileSearchMatchType } from "./FuzzyFileSearchMatchType";

/** A file or folder that matches. */
export type FuzzyFileSearchResult = {
  /** The last part of its path. */
  file_name: string;
  /** Characters of the path that match, counted from 0. */
  indices: Array<number> | null;
  /** What it is. */
  match_type: FuzzyFileSearchMatchType;
  /** Its path below the root. */
  path: string;
  /** The root, as it was given. */
  root: string;
  /** The higher the better. */
  score: number;
};

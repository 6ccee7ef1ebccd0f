// Generated from the protocol crate. Do not edit.

/** What to find, and where. */
export type FuzzyFileSearchParams = {
  /** A name for this search: one that still runs under the same name is given up. */
  cancellationToken?: string | null;
  /** What to find. Words are separated by spaces; `^`, `$`, `'` and `!` have the meaning that fzf gives them. */
  query: string;
  /** Folders to search. */
  roots: Array<string>;
};

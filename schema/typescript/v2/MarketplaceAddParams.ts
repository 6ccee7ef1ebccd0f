// Generated from the protocol crate. Do not edit.

/** A marketplace to add. */
export type MarketplaceAddParams = {
  /** Branch, tag or commit of a repository. */
  refName?: string | null;
  /** An absolute folder, `owner/repo`, or the address of a git repository. */
  source: string;
  /** Folders of the repository that are wanted; absent for all. */
  sparsePaths?: Array<string> | null;
};

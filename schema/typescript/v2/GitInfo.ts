// Generated from the protocol crate. Do not edit.

/** A commit of a repository. */
export type GitInfo = {
  /** Branch; null if it is not known. */
  branch: string | null;
  /** URL of the remote `origin`. */
  originUrl: string | null;
  /** Commit hash; null if it is not known. */
  sha: string | null;
};

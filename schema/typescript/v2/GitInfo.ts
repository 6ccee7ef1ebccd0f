// Generated from the protocol crate. Do not edit.

/** A commit of a repository. */
export type GitInfo = {
  /** Branch. */
  branch: string | null;
  /** URL of the remote `origin`. */
  originUrl: string | null;
  /** Commit hash. */
  sha: string | null;
};

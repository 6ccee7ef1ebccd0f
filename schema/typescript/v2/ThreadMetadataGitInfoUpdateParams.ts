// Generated from the protocol crate. Do not edit.

/** Changes what a thread says about its repository. What is absent stays, null clears. */
export type ThreadMetadataGitInfoUpdateParams = {
  /** Branch. */
  branch?: string | null;
  /** URL of the remote `origin`. */
  originUrl?: string | null;
  /** Commit hash. */
  sha?: string | null;
};

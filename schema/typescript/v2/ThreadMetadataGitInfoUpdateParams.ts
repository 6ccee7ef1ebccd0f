// Generated from the protocol crate. Do not edit.

/** Changes what a thread says about its repository. What is absent stays, null clears. */
export type ThreadMetadataGitInfoUpdateParams = {
  /** Branch; absent keeps it, null clears it. */
  branch?: string | null;
  /** URL of the remote `origin`. */
  originUrl?: string | null;
  /** Commit hash; absent keeps it, null clears it. */
  sha?: string | null;
};

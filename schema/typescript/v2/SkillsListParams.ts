// Generated from the protocol crate. Do not edit.

/** For which folders to list skills. */
export type SkillsListParams = {
  /** Working folders; relative ones count from the server's. None: the server's own. */
  cwds?: Array<string>;
  /** Whether all files are read again, changed or not. */
  forceReload?: boolean;
};

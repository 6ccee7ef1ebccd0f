// Generated from the protocol crate. Do not edit.

/** What is reviewed. */
export type ReviewTarget =
  /** Everything that is not committed. */
  | {
    type: "uncommittedChanges";
  }
  /** What the current branch would bring into another one. */
  | {
    /** The other branch. */
    branch: string;
    type: "baseBranch";
  }
  /** What one commit changed. */
  | {
    /** Its hash. */
    sha: string;
    /** The first line of its message, to be shown. */
    title?: string | null;
    type: "commit";
  }
  /** What the user describes. */
  | {
    /** In their words. */
    instructions: string;
    type: "custom";
  };

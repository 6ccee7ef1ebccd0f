// Generated from the protocol crate. Do not edit.

/** Why there is no image. */
export type ImageGenerationFailure =
  /** The account's limit is reached. */
  | {
    /** Which limit. */
    limitId: string;
    /** When it ends, in Unix seconds. */
    resetsAt: number | null;
    type: "usageLimitExceeded";
  };

// Generated from the protocol crate. Do not edit.

/** Why a message is withheld. */
export type BlockReason =
  /** To protect somebody. */
  | {
    kind: "protection";
    /** Kind of protection, in words of the model server. */
    protectionType: string;
  }
  /** As a cyber-security risk. */
  | {
    kind: "cyber";
    /** Whether verified access would lift the block. */
    trustedAccess: boolean | null;
  };

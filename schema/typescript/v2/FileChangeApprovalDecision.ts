// Generated from the protocol crate. Do not edit.

/** An answer to the question whether files may be changed. */
export type FileChangeApprovalDecision =
  /** Yes, this time. */
  | "accept"
  /** Yes, and from now on for these files in this thread. */
  | "acceptForSession"
  /** No; the turn goes on. */
  | "decline"
  /** No; the turn stops. */
  | "cancel";

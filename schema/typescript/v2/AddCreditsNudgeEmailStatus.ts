// Generated from the protocol crate. Do not edit.

/** What became of a letter to the workspace's owner. */
export type AddCreditsNudgeEmailStatus =
  /** It was sent. */
  | "sent"
  /** One was sent not long ago. */
  | "cooldown_active";

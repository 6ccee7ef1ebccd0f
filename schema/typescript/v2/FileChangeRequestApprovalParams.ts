// Generated from the protocol crate. Do not edit.

/** Asks whether files may be changed. */
export type FileChangeRequestApprovalParams = {
  /** A folder whose files could be changed from now on. */
  grantRoot: string | null;
  /** The item. */
  itemId: string;
  /** Why it is asked. */
  reason: string | null;
  /** When the question came up, in Unix milliseconds. */
  startedAtMs: number;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

// Generated from the protocol crate. Do not edit.

/** Which hooks to list: those of folders, or those of a thread. */
export type HooksListParams = {
  /** Folders; the server's own if there are none. */
  cwds?: Array<string>;
  /** A loaded thread. */
  threadId?: string | null;
};

// Generated from the protocol crate. Do not edit.

/** Which page of a thread's attachments. */
export type ThreadAttachmentListParams = {
  /** Where the last page ended (`nextCursor`); absent for the first page. */
  cursor?: string | null;
  /** Most entries of a page. */
  limit?: number | null;
  /** The thread. */
  threadId: string;
};

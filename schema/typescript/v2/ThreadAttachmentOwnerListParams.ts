// Generated from the protocol crate. Do not edit.

/** Which threads have this attachment. */
export type ThreadAttachmentOwnerListParams = {
  /** Whether to look among archived threads instead of the others. */
  archived?: boolean | null;
  /** Kind of attachment, in words of the client. */
  attachmentType: string;
  /** Where the last page ended (`nextCursor`); absent for the first page. */
  cursor?: string | null;
  /** What makes it the same attachment, in words of the client. */
  identityKey: string;
  /** Most entries of a page. */
  limit?: number | null;
};

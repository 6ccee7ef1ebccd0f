// Generated from the protocol crate. Do not edit.

/** It is gone. */
export type ThreadAttachmentRemoveResponse = Record<string, never>;

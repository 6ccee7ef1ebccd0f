// Generated from the protocol crate. Do not edit.

/** It is sent. */
export type FeedbackUploadResponse = {
  /** Always null: prompts are not hashed. */
  promptHash: string | null;
  /** The thread; `no-active-thread-…` if there is none. */
  threadId: string;
};

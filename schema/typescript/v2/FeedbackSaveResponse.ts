// Generated from the protocol crate. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** It is saved. */
export type FeedbackSaveResponse = {
  /** Always null: prompts are not hashed. */
  promptHash: string | null;
  /** The file. */
  savedPath: LegacyAppPathString;
  /** The thread; `no-active-thread-…` if there is none. */
  threadId: string;
};

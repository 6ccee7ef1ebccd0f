// Generated from the protocol crate. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** What to tell, and where to put it. */
export type FeedbackSaveParams = {
  /** `bug`, `bad_result`, `good_result`, `safety_check` or anything else. */
  classification: string;
  /** Files that go along. */
  extraLogFiles?: Array<string> | null;
  /** Whether what is known of the thread and this program goes along. */
  includeLogs?: boolean;
  /** The user's words. */
  reason?: string | null;
  /** A new file, as an absolute path. */
  savePath: LegacyAppPathString;
  /** Names and values of the client. */
  tags?: { [key: string]: string } | null;
  /** The thread that it is about. */
  threadId?: string | null;
};

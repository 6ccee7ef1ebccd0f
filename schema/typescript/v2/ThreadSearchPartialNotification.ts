// Generated from the protocol crate. Do not edit.
import type { RequestId } from "../RequestId";
import type { ThreadSearchResult } from "./ThreadSearchResult";

/** Threads that a running search has found. */
export type ThreadSearchPartialNotification = {
  /** What it has found since the last notification. */
  data: Array<ThreadSearchResult>;
  /** The request that searches. */
  requestId: RequestId;
};

// Generated from the protocol crate. Do not edit.
import type { RequestId } from "../RequestId";

/** A question to the client needs no answer any more. */
export type ServerRequestResolvedNotification = {
  /** Id of the question. */
  requestId: RequestId;
  /** The thread. */
  threadId: string;
};

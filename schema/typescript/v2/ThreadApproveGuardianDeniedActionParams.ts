// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** Approves an action that a review has denied. The agent is told so before its next turn. */
export type ThreadApproveGuardianDeniedActionParams = {
  /** The denial: an object with `id`, `status` and `action`. */
  event: JsonValue;
  /** The thread. */
  threadId: string;
};

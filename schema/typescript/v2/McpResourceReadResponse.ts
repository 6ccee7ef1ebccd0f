// Generated from the protocol crate. Do not edit.
import type { ResourceContent } from "../ResourceContent";

/** What a resource holds. */
export type McpResourceReadResponse = {
  /** Its parts. */
  contents: Array<ResourceContent>;
  /** The call that it was read for. */
  originCallId: string | null;
};

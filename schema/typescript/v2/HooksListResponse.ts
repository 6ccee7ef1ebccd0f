// Generated from the protocol crate. Do not edit.
import type { HooksListEntry } from "./HooksListEntry";

/** The hooks, folder by folder. */
export type HooksListResponse = {
  /** One entry for each folder. */
  data: Array<HooksListEntry>;
};

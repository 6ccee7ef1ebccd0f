// Generated from the protocol crate. Do not edit.
import type { PluginShareListItem } from "./PluginShareListItem";

/** Shared plugins. */
export type PluginShareListResponse = {
  /** The page. */
  data: Array<PluginShareListItem>;
};

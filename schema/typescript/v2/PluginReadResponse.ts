// Generated from the protocol crate. Do not edit.
import type { PluginDetail } from "./PluginDetail";

/** What is in it. */
export type PluginReadResponse = {
  /** The plugin. */
  plugin: PluginDetail;
};

// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { PluginSummary } from "./PluginSummary";

/** A shared plugin. */
export type PluginShareListItem = {
  /** Where it is on this machine. */
  localPluginPath: AbsolutePathBuf | null;
  /** The plugin. */
  plugin: PluginSummary;
};

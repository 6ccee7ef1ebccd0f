// Generated from the protocol crate. Do not edit.
import type { McpAppDisplayMode } from "./McpAppDisplayMode";

/** What to show for a tool call. */
export type McpAppUi = {
  /** How the model would like it to be shown. */
  preferredModelDisplayMode: McpAppDisplayMode;
  /** The resource to show. */
  resourceUri: string;
};

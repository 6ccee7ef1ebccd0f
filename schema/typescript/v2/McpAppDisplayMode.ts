// Generated from the protocol crate. Do not edit.

/** How a tool call is shown. */
export type McpAppDisplayMode =
  /** In the conversation. */
  | "inline"
  /** On the whole screen. */
  | "fullscreen";

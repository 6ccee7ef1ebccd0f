// Generated from the protocol crate. Do not edit.

/** What a hook is. */
export type HookHandlerType =
  /** A command. */
  | "command"
  /** The call of a tool of an MCP server. */
  | "mcpTool"
  /** A question to a model. */
  | "prompt"
  /** A question to an agent. */
  | "agent";

// Generated from the protocol crate. Do not edit.

/** A tool that a skill needs. */
export type SkillToolDependency = {
  /** How it is started. */
  command?: string | null;
  /** What it is needed for. */
  description?: string | null;
  /** How an MCP server is reached. */
  transport?: string | null;
  /** Kind, such as `mcp`, `cli` or `env_var`. */
  type: string;
  /** Where it is. */
  url?: string | null;
  /** Its name. */
  value: string;
};

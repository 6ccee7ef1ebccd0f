// Generated from the protocol crate. Do not edit.

/** A subagent. */
export type SubagentMigration = {
  /** Its name. */
  name: string;
};

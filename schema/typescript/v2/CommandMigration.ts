// Generated from the protocol crate. Do not edit.

/** A command. */
export type CommandMigration = {
  /** Name of the skill that it becomes. */
  name: string;
};

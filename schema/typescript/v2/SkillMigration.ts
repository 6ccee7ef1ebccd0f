// Generated from the protocol crate. Do not edit.

/** A skill. */
export type SkillMigration = {
  /** Its name. */
  name: string;
};

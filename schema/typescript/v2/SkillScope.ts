// Generated from the protocol crate. Do not edit.

/** Whose a skill is. */
export type SkillScope =
  /** The user's. */
  | "user"
  /** The project's. */
  | "repo"
  /** Comes with the program. */
  | "system"
  /** The administrator's. */
  | "admin";

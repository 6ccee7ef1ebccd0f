// Generated from the protocol crate. Do not edit.

/** Why something that looks like a skill is none. */
export type SkillErrorInfo = {
  /** What is wrong, with the line of the file where there is one. */
  message: string;
  /** The file or folder. */
  path: string;
};

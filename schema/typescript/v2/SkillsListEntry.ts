// Generated from the protocol crate. Do not edit.
import type { SkillErrorInfo } from "./SkillErrorInfo";
import type { SkillMetadata } from "./SkillMetadata";

/** The skills of a folder. */
export type SkillsListEntry = {
  /** The folder, as it was asked for. */
  cwd: string;
  /** What looks like a skill and is none. */
  errors: Array<SkillErrorInfo>;
  /** Its skills, by scope, name and path. */
  skills: Array<SkillMetadata>;
};

// Generated from the protocol crate. Do not edit.
import type { SkillToolDependency } from "./SkillToolDependency";

/** What a skill needs. */
export type SkillDependencies = {
  /** Tools. */
  tools: Array<SkillToolDependency>;
};

// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** Which skill to switch: exactly one of name and path. */
export type SkillsConfigWriteParams = {
  /** Whether it is to be on. */
  enabled: boolean;
  /** All skills of this name. */
  name?: string | null;
  /** The skill with this `SKILL.md`. */
  path?: AbsolutePathBuf | null;
};

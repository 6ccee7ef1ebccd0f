// Generated from the protocol crate. Do not edit.
import type { SkillsListEntry } from "./SkillsListEntry";

/** The skills of folders. */
export type SkillsListResponse = {
  /** One for each folder that was asked for. */
  data: Array<SkillsListEntry>;
};

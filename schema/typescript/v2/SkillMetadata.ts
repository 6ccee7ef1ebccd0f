// Generated from the protocol crate. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { SkillDependencies } from "./SkillDependencies";
import type { SkillInterface } from "./SkillInterface";
import type { SkillScope } from "./SkillScope";

/** A skill. */
export type SkillMetadata = {
  /** What it needs. */
  dependencies?: SkillDependencies | null;
  /** What it is for. */
  description: string;
  /** Whether it is on. */
  enabled: boolean;
  /** How to show it. */
  interface?: SkillInterface | null;
  /** Its name. Several may have the same. */
  name: string;
  /** Its `SKILL.md`, without links. */
  path: LegacyAppPathString;
  /** The plugin that it belongs to. */
  pluginId: string | null;
  /** Whose it is. */
  scope: SkillScope;
  /** The same for people, shorter. */
  shortDescription?: string | null;
};

// Generated from the protocol crate. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { SkillInterface } from "./SkillInterface";

/** A skill of a plugin. */
export type SkillSummary = {
  /** What it is for. */
  description: string;
  /** Whether it is on. */
  enabled: boolean;
  /** How it is shown. */
  interface: SkillInterface | null;
  /** Its name, `plugin:skill`. */
  name: string;
  /** Its `SKILL.md`. */
  path: LegacyAppPathString | null;
  /** The same for people, shorter. */
  shortDescription: string | null;
};

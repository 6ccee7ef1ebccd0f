// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** How to show a skill. */
export type SkillInterface = {
  /** `#rrggbb`. */
  brandColor: string | null;
  /** What to say to use it. */
  defaultPrompt: string | null;
  /** Name for people. */
  displayName: string | null;
  /** Large icon, a file. */
  iconLarge: AbsolutePathBuf | null;
  /** Large icon elsewhere; never known for skills in files. */
  iconLargeUrl: string | null;
  /** Small icon, a file. */
  iconSmall: AbsolutePathBuf | null;
  /** Small icon elsewhere; never known for skills in files. */
  iconSmallUrl: string | null;
  /** One line for people. */
  shortDescription: string | null;
};

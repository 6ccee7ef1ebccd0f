// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** More folders with skills. */
export type SkillsExtraRootsSetParams = {
  /** All of them, at most 64; they take the place of those that were set before. */
  extraRoots: Array<AbsolutePathBuf>;
};

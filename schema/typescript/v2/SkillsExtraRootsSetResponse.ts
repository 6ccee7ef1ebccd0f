// Generated from the protocol crate. Do not edit.

/** They are set. */
export type SkillsExtraRootsSetResponse = Record<string, never>;

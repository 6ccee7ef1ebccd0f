// Generated from the protocol crate. Do not edit.

/** Skills may have changed: what was listed before may not hold any more. */
export type SkillsChangedNotification = Record<string, never>;

// Generated from the protocol crate. Do not edit.

/** Its text. */
export type PluginSkillReadResponse = {
  /** The text; null if there is none. */
  contents: string | null;
};

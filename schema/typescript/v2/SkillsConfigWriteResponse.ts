// Generated from the protocol crate. Do not edit.

/** It is switched. */
export type SkillsConfigWriteResponse = {
  /** Whether it is on now, all layers of the configuration considered. Loaded threads stay as they are. */
  effectiveEnabled: boolean;
};

// Generated from the protocol crate. Do not edit.

/** A skill of a plugin of an account. */
export type PluginSkillReadParams = {
  /** Name of its marketplace with the account. */
  remoteMarketplaceName: string;
  /** Id of the plugin with the account. */
  remotePluginId: string;
  /** Name of the skill. */
  skillName: string;
};

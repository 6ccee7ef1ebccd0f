// Generated from the protocol crate. Do not edit.

/** A model that replaces another. */
export type ModelUpgradeInfo = {
  /** What changes, in Markdown. */
  migrationMarkdown: string | null;
  /** Its slug. */
  model: string;
  /** A page about it. */
  modelLink: string | null;
  /** When the old one ends, in Unix seconds. */
  retirementAt: number | null;
  /** One line about it, for people. */
  upgradeCopy: string | null;
};

// Generated from the protocol crate. Do not edit.
import type { ExternalAgentConfigMigrationItemType } from "./ExternalAgentConfigMigrationItemType";

/** Something that was taken over. */
export type ExternalAgentConfigImportItemTypeSuccess = {
  /** The project; null for the user's home. */
  cwd: string | null;
  /** What it is. */
  itemType: ExternalAgentConfigMigrationItemType;
  /** What it was called, or where it was. */
  source: string | null;
  /** What it is called now, or where it is. */
  target: string | null;
  /** For people. */
  title: string | null;
};

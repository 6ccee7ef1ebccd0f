// Generated from the protocol crate. Do not edit.
import type { ExternalAgentConfigMigrationItemType } from "./ExternalAgentConfigMigrationItemType";
import type { MigrationDetails } from "./MigrationDetails";

/** Something that can be taken over. */
export type ExternalAgentConfigMigrationItem = {
  /** The project; null for the user's home. */
  cwd: string | null;
  /** In words. */
  description: string;
  /** What there is of it; null where it is one thing. Of what is to be imported: only these. */
  details: MigrationDetails | null;
  /** What it is. */
  itemType: ExternalAgentConfigMigrationItemType;
};

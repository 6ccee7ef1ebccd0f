// Generated from the protocol crate. Do not edit.
import type { ExternalAgentConfigMigrationItem } from "./ExternalAgentConfigMigrationItem";

/** What to take over. */
export type ExternalAgentConfigImportParams = {
  /** What `detect` has found, or some of it. */
  migrationItems: Array<ExternalAgentConfigMigrationItem>;
  /** The other agent; absent for Claude Code, the only one that is known. */
  migrationSource?: string | null;
  /** Kept with the history. */
  providerId?: string | null;
  /** Accepted; without effect. */
  source?: string | null;
};

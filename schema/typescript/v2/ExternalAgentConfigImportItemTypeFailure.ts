// Generated from the protocol crate. Do not edit.
import type { ExternalAgentConfigMigrationItemType } from "./ExternalAgentConfigMigrationItemType";

/** Something that could not be taken over. */
export type ExternalAgentConfigImportItemTypeFailure = {
  /** The project; null for the user's home. */
  cwd: string | null;
  /** Kind of error, such as `unsupported`. */
  errorType: string | null;
  /** At which step. */
  failureStage: string;
  /** What it is. */
  itemType: ExternalAgentConfigMigrationItemType;
  /** Why. */
  message: string;
  /** What it was called, or where it was. */
  source: string | null;
  /** More of that. */
  subErrorType: string | null;
};

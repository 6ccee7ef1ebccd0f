// Generated from the protocol crate. Do not edit.
import type { ExternalAgentConfigImportItemTypeFailure } from "./ExternalAgentConfigImportItemTypeFailure";
import type { ExternalAgentConfigImportItemTypeSuccess } from "./ExternalAgentConfigImportItemTypeSuccess";
import type { ExternalAgentConfigMigrationItemType } from "./ExternalAgentConfigMigrationItemType";

/** What became of items of a type. */
export type ExternalAgentConfigImportTypeResult = {
  /** What is not. */
  failures: Array<ExternalAgentConfigImportItemTypeFailure>;
  /** The type. */
  itemType: ExternalAgentConfigMigrationItemType;
  /** What is here now. What was here before is not told of. */
  successes: Array<ExternalAgentConfigImportItemTypeSuccess>;
};

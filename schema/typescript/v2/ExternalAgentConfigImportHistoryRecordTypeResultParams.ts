// Generated from the protocol crate. Do not edit.
import type { ExternalAgentConfigImportHistoryRecordSuccessParams } from "./ExternalAgentConfigImportHistoryRecordSuccessParams";
import type { ExternalAgentConfigImportItemTypeFailure } from "./ExternalAgentConfigImportItemTypeFailure";
import type { ExternalAgentConfigMigrationItemType } from "./ExternalAgentConfigMigrationItemType";

/** What became of items of a type. */
export type ExternalAgentConfigImportHistoryRecordTypeResultParams = {
  /** What was not. */
  failures: Array<ExternalAgentConfigImportItemTypeFailure>;
  /** The type. */
  itemType: ExternalAgentConfigMigrationItemType;
  /** What was taken over. */
  successes: Array<ExternalAgentConfigImportHistoryRecordSuccessParams>;
};

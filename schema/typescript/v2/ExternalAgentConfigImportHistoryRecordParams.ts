// Generated from the protocol crate. Do not edit.
import type { ExternalAgentConfigImportHistoryRecordTypeResultParams } from "./ExternalAgentConfigImportHistoryRecordTypeResultParams";

/** An import that a client has made by itself. */
export type ExternalAgentConfigImportHistoryRecordParams = {
  /** What became of it. */
  itemTypeResults: Array<ExternalAgentConfigImportHistoryRecordTypeResultParams>;
  /** Who has made it. */
  providerId: string;
};

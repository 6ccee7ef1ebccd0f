// Generated from the protocol crate. Do not edit.
import type { ExternalAgentConfigImportTypeResult } from "./ExternalAgentConfigImportTypeResult";

/** An import is over. */
export type ExternalAgentConfigImportCompletedNotification = {
  /** The import. */
  importId: string;
  /** What became of all items, by type. */
  itemTypeResults: Array<ExternalAgentConfigImportTypeResult>;
};

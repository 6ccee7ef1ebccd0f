// Generated from the protocol crate. Do not edit.
import type { ExternalAgentConfigImportTypeResult } from "./ExternalAgentConfigImportTypeResult";

/** A step of an import is done. */
export type ExternalAgentConfigImportProgressNotification = {
  /** The import. */
  importId: string;
  /** What became of one item. */
  itemTypeResults: Array<ExternalAgentConfigImportTypeResult>;
};

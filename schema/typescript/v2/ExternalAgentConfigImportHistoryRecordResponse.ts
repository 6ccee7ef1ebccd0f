// Generated from the protocol crate. Do not edit.

/** It is noted. */
export type ExternalAgentConfigImportHistoryRecordResponse = {
  /** The id that it has got. */
  importId: string;
};

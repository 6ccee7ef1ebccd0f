// Generated from the protocol crate. Do not edit.

/** The import has begun. */
export type ExternalAgentConfigImportResponse = {
  /** Names the import in its notifications. */
  importId: string;
};

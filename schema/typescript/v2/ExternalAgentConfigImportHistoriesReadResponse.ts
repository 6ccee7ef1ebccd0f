// Generated from the protocol crate. Do not edit.
import type { ExternalAgentConfigImportHistory } from "./ExternalAgentConfigImportHistory";
import type { ExternalAgentImportedConnectorCandidate } from "./ExternalAgentImportedConnectorCandidate";

/** Earlier imports. */
export type ExternalAgentConfigImportHistoriesReadResponse = {
  /** Always empty. */
  connectors: Array<ExternalAgentImportedConnectorCandidate>;
  /** The newest first. */
  data: Array<ExternalAgentConfigImportHistory>;
};

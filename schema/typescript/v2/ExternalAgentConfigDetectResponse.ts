// Generated from the protocol crate. Do not edit.
import type { ExternalAgentConfigMigrationItem } from "./ExternalAgentConfigMigrationItem";
import type { ExternalAgentDetectedConnectorCandidate } from "./ExternalAgentDetectedConnectorCandidate";

/** What was found. */
export type ExternalAgentConfigDetectResponse = {
  /** Always empty. */
  connectors: Array<ExternalAgentDetectedConnectorCandidate>;
  /** What can be taken over and is not here yet. */
  items: Array<ExternalAgentConfigMigrationItem>;
};

// Generated from the protocol crate. Do not edit.
import type { ExternalAgentImportedConnectorSource } from "./ExternalAgentImportedConnectorSource";

/** An account of another service that was taken over; there is none. */
export type ExternalAgentImportedConnectorCandidate = {
  /** Its name. */
  name: string;
  /** In how many sessions it was used. */
  sessionCount: number;
  /** Where it was found. */
  source: ExternalAgentImportedConnectorSource;
};

// Generated from the protocol crate. Do not edit.
import type { ExternalAgentDetectedConnectorSource } from "./ExternalAgentDetectedConnectorSource";

/** An account of another service; none is ever found. */
export type ExternalAgentDetectedConnectorCandidate = {
  /** Its name. */
  name: string;
  /** In how many sessions it was used. */
  sessionCount: number;
  /** Where it was found. */
  source: ExternalAgentDetectedConnectorSource;
};

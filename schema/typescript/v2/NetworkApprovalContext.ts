// Generated from the protocol crate. Do not edit.
import type { NetworkApprovalProtocol } from "./NetworkApprovalProtocol";

/** Network access that is asked about. */
export type NetworkApprovalContext = {
  /** The host. */
  host: string;
  /** The protocol. */
  protocol: NetworkApprovalProtocol;
};

// Generated from the protocol crate. Do not edit.
import type { NetworkApprovalProtocol } from "./NetworkApprovalProtocol";

/** Network access that is asked about. */
export type NetworkApprovalContext = {
  host: string;
  protocol: NetworkApprovalProtocol;
};

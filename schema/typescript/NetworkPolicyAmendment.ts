// Generated from the protocol crate. Do not edit.
import type { NetworkPolicyRuleAction } from "./NetworkPolicyRuleAction";

/** What to do with a host from now on. */
export type NetworkPolicyAmendment = {
  /** What to do. */
  action: NetworkPolicyRuleAction;
  /** The host. */
  host: string;
};

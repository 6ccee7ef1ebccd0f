// Generated from the protocol crate. Do not edit.

/** What to do with a host. */
export type NetworkPolicyRuleAction =
  /** Let it be reached. */
  | "allow"
  /** Keep it out of reach. */
  | "deny";

// Generated from the protocol crate. Do not edit.

/** Why another model answers. */
export type ModelRerouteReason =
  /** The request looks like dangerous cyber activity. */
  | "highRiskCyberActivity";

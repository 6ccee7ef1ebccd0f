// Generated from the protocol crate. Do not edit.

/** A plan of an account. */
export type PlanType =
  | "free" | "go" | "plus" | "pro" | "prolite" | "promax" | "team" | "business" | "enterprise" | "edu" | "edu_plus" | "edu_pro" | "sci" | "sci_plus"
  /** Business with Pro Lite seats, self-serve. */
  | "self_serve_business_prolite"
  /** Business by usage, self-serve. */
  | "self_serve_business_usage_based"
  /** Enterprise of 2026. */
  | "ent26"
  /** Enterprise for automation, by credits. */
  | "enterprise_cbp_automation"
  /** Enterprise by usage, by credits. */
  | "enterprise_cbp_usage_based"
  /** A plan that this release does not know. */
  | "unknown";

// Generated from the protocol crate. Do not edit.

/** A plan of an account. */
export type PlanType =
  /** Free. */
  | "free"
  /** Go. */
  | "go"
  /** Plus. */
  | "plus"
  /** Pro. */
  | "pro"
  /** Pro Lite. */
  | "prolite"
  /** Pro Max. */
  | "promax"
  /** Team. */
  | "team"
  /** Business with Pro Lite seats, self-serve. */
  | "self_serve_business_prolite"
  /** Business by usage, self-serve. */
  | "self_serve_business_usage_based"
  /** Business. */
  | "business"
  /** Enterprise of 2026. */
  | "ent26"
  /** Enterprise for automation, by credits. */
  | "enterprise_cbp_automation"
  /** Enterprise by usage, by credits. */
  | "enterprise_cbp_usage_based"
  /** Enterprise. */
  | "enterprise"
  /** Education. */
  | "edu"
  /** Education Plus. */
  | "edu_plus"
  /** Education Pro. */
  | "edu_pro"
  /** Science. */
  | "sci"
  /** Science Plus. */
  | "sci_plus"
  /** A plan that this release does not know. */
  | "unknown";

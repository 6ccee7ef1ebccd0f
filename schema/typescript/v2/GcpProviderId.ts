// Generated from the protocol crate. Do not edit.

/** A service of Google Cloud. */
export type GcpProviderId =
  /** Vertex AI. */
  | "gcp";

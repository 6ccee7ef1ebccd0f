// Generated from the protocol crate. Do not edit.

/** How the model talks. Without effect since models lost the choice. */
export type Personality =
  /** No choice. */
  | "none"
  /** Warm. */
  | "friendly"
  /** To the point. */
  | "pragmatic";

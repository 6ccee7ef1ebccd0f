// Generated from the protocol crate. Do not edit.

/** Whether and where the model may search the web. */
export type WebSearchMode =
  /** Not at all. */
  | "disabled"
  /** In what the provider has stored. */
  | "cached"
  /** In what the provider has stored or indexed. */
  | "indexed"
  /** In the web as it is now. */
  | "live";

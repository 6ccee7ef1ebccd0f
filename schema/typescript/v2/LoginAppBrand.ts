// Generated from the protocol crate. Do not edit.

/** How a page looks. */
export type LoginAppBrand =
  /** Like Codex. */
  | "codex"
  /** Like ChatGPT. */
  | "chatgpt";

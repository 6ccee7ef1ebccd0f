// Generated from the protocol crate. Do not edit.

/** What a model takes. */
export type InputModality =
  /** Text. */
  | "text"
  /** Images. */
  | "image"
  /** Audio. */
  | "audio";

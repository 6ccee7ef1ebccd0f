// Generated from the protocol crate. Do not edit.

/** The answer to one question. */
export type ToolRequestUserInputAnswer = {
  /** What was chosen or written. */
  answers: Array<string>;
};

// Generated from the protocol crate. Do not edit.

/** An answer to choose. */
export type ToolRequestUserInputOption = {
  /** What follows from it. */
  description: string;
  /** A few words. */
  label: string;
};

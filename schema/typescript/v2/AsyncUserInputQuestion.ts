// Generated from the protocol crate. Do not edit.

/** A question that the user may answer later. */
export type AsyncUserInputQuestion = {
  /** Answers to choose from. */
  options: Array<string> | null;
  /** The question. */
  title: string;
};

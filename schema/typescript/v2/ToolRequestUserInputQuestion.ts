// Generated from the protocol crate. Do not edit.
import type { ToolRequestUserInputOption } from "./ToolRequestUserInputOption";

/** A question. */
export type ToolRequestUserInputQuestion = {
  /** A word or two above it. */
  header: string;
  /** What the answer refers to. */
  id: string;
  /** Whether the user may answer in words of their own. */
  isOther: boolean;
  /** Whether the answer is not to be shown. */
  isSecret: boolean;
  /** Answers to choose from. */
  options: Array<ToolRequestUserInputOption> | null;
  /** The question. */
  question: string;
};

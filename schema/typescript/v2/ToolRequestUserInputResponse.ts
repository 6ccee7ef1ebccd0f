// Generated from the protocol crate. Do not edit.
import type { ToolRequestUserInputAnswer } from "./ToolRequestUserInputAnswer";

/** The answers. */
export type ToolRequestUserInputResponse = {
  /** By the ids of the questions. */
  answers: { [key: string]: ToolRequestUserInputAnswer };
};

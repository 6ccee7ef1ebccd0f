// Generated from the protocol crate. Do not edit.
import type { FunctionCallOutputBody } from "../FunctionCallOutputBody";

/** Output of a tool that the client ran by itself. */
export type TurnToolOutput = {
  /** Name of the tool. */
  name: string;
  /** Namespace of the tool, if it has one. */
  namespace?: string | null;
  /** The output. */
  output: FunctionCallOutputBody;
  /** Whether it stays when the history is summed up. */
  retain?: boolean;
};

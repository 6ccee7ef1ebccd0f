// Generated from the protocol crate. Do not edit.
import type { ToolRequestUserInputQuestion } from "./ToolRequestUserInputQuestion";

/** Questions of the agent. */
export type ToolRequestUserInputParams = {
  /** When the client is to answer by itself, in milliseconds; null is never. */
  autoResolutionMs: number | null;
  /** Whether the agent waits for the answer. */
  isBlocking: boolean;
  /** The call that asks. */
  itemId: string;
  /** The questions. */
  questions: Array<ToolRequestUserInputQuestion>;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

// Generated from the protocol crate. Do not edit.
import type { TokenUsageBreakdown } from "./TokenUsageBreakdown";

/** Token counts of a thread. */
export type ThreadTokenUsage = {
  /** Of the last request to the model. */
  last: TokenUsageBreakdown;
  /** Tokens that fit into the model. */
  modelContextWindow: number | null;
  /** Of all requests so far. */
  total: TokenUsageBreakdown;
};

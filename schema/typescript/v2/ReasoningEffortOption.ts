// Generated from the protocol crate. Do not edit.
import type { ReasoningEffort } from "../ReasoningEffort";

/** How hard a model can think. */
export type ReasoningEffortOption = {
  /** What it is good for, for people. */
  description: string;
  /** The word for it. */
  reasoningEffort: ReasoningEffort;
};

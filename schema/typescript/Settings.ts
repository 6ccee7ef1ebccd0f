// Generated from the protocol crate. Do not edit.
import type { ReasoningEffort } from "./ReasoningEffort";

/** What goes with a collaboration mode. */
export type Settings = {
  /** Instructions of the mode; null is the built-in text. */
  developer_instructions: string | null;
  /** Model slug. */
  model: string;
  /** How hard the model thinks; null is its default. */
  reasoning_effort: ReasoningEffort | null;
};

// Generated from the protocol crate. Do not edit.

/** How hard the model thinks: one of the words that the model lists, such as `low`, `medium` or `high`. */
export type ReasoningEffort = string;

// Generated from the protocol crate. Do not edit.

/** How much of its reasoning the model sums up. */
export type ReasoningSummary = "auto" | "concise" | "detailed" | "none";

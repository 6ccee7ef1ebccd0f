// Generated from the protocol crate. Do not edit.

/** Where data must stay. */
export type ResidencyRequirement =
  /** In the United States. */
  | "us";

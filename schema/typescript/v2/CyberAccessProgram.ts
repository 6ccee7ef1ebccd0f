// Generated from the protocol crate. Do not edit.

/** A programme of extended cyber access. */
export type CyberAccessProgram =
  /** None. */
  | "standard"
  /** For defenders. */
  | "daybreakBlue"
  /** For testers. */
  | "daybreakRed";

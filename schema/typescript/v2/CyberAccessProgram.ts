// Generated from the protocol crate. Do not edit.

/** A programme of extended cyber access. */
export type CyberAccessProgram = "standard" | "daybreakBlue" | "daybreakRed";

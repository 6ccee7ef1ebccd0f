// Generated from the protocol crate. Do not edit.

/** A path as it was recorded. It may be that of another machine, so nothing is checked. */
export type LegacyAppPathString = string;

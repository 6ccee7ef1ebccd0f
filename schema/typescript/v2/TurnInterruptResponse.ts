// Generated from the protocol crate. Do not edit.

/** The turn has stopped. */
export type TurnInterruptResponse = Record<string, never>;

// Generated from the protocol crate. Do not edit.

/** Nobody is signed in. */
export type LogoutAccountResponse = Record<string, never>;

// Generated from the protocol crate. Do not edit.

/** Nothing: the proof is about the client, not about the request. */
export type AttestationGenerateParams = Record<string, never>;

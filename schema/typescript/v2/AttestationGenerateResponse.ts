// Generated from the protocol crate. Do not edit.

/** The proof. */
export type AttestationGenerateResponse = {
  /** The proof, opaque to this server. It is sent on as it is, and neither kept nor logged. */
  token: string;
};

// Generated from the protocol crate. Do not edit.

/** Uses a credit that starts a limit afresh. */
export type ConsumeAccountRateLimitResetCreditParams = {
  /** The credit; absent for any. */
  creditId?: string | null;
  /** Any text; the same text again does not use another credit. */
  idempotencyKey: string;
};

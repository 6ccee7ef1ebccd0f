// Generated from the protocol crate. Do not edit.

/** Credits of an account. */
export type CreditsSnapshot = {
  /** How many, as text. */
  balance: string | null;
  /** Whether there are any. */
  hasCredits: boolean;
  /** Whether they never end. */
  unlimited: boolean;
};

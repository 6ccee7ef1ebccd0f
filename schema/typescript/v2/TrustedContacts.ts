// Generated from the protocol crate. Do not edit.

/** Whether to point at trusted contacts. */
export type TrustedContacts =
  /** If the user has any. */
  | "check"
  /** No. */
  | "skip";

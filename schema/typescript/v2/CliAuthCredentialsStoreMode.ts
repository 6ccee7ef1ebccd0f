// Generated from the protocol crate. Do not edit.

/** Where credentials are kept. */
export type CliAuthCredentialsStoreMode =
  /** In a file. */
  | "file"
  /** In the system's keyring. */
  | "keyring"
  /** In the keyring if there is one. */
  | "auto"
  /** In memory. */
  | "ephemeral";

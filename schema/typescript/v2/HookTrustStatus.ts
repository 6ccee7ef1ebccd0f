// Generated from the protocol crate. Do not edit.

/** Whether a hook may run. */
export type HookTrustStatus =
  /** Yes: the administrator has set it up. */
  | "managed"
  /** No: nobody has said so. */
  | "untrusted"
  /** Yes: the user trusts it as it is. */
  | "trusted"
  /** No: it has changed since the user trusted it. */
  | "modified";

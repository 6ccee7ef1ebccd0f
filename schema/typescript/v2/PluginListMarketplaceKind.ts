// Generated from the protocol crate. Do not edit.

/** Kinds of marketplaces. */
export type PluginListMarketplaceKind =
  /** In folders. */
  | "local"
  /** Of an account's line of business. */
  | "vertical"
  /** Of an account's workspace. */
  | "workspace-directory"
  /** Shared with the account. */
  | "shared-with-me"
  /** Made by the account. */
  | "created-by-me-remote";

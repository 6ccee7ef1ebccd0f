// Generated from the protocol crate. Do not edit.

/** How a program becomes known at a server. */
export type McpServerOauthClientRegistration =
  /** In whatever way works. */
  | "auto"
  /** By a document of its own; not supported. */
  | "cimd"
  /** By registering. */
  | "dcr";

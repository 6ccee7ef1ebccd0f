// Generated from the protocol crate. Do not edit.

/** An app. */
export type McpResourceReadTarget = {
  /** Its id. */
  connectorId: string;
  /** The account's link to it. */
  linkId: string | null;
};

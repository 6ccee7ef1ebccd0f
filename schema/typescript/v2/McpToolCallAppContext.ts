// Generated from the protocol crate. Do not edit.

/** The app that a tool belongs to. */
export type McpToolCallAppContext = {
  /** What the tool does there. */
  actionName: string | null;
  /** Name of the app. */
  appName: string | null;
  /** Id of the app. */
  connectorId: string;
  /** The account's link to it. */
  linkId: string | null;
  /** What to show for it. */
  resourceUri: string | null;
};

// Generated from the protocol crate. Do not edit.

/** What a thread came from. */
export type ThreadSourceKind =
  | "cli" | "exec" | "subAgent" | "subAgentOther" | "unknown"
  /** An editor, or any other client of the app-server. */
  | "vscode"
  /** A client of the app-server that says so. */
  | "appServer"
  /** An agent that reviews. */
  | "subAgentReview"
  /** An agent that sums up a history. */
  | "subAgentCompact"
  /** An agent that was asked for help. */
  | "subAgentThreadSpawn";

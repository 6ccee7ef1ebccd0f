// Generated from the protocol crate. Do not edit.

/** What a thread came from. */
export type ThreadSourceKind =
  /** The terminal client. */
  | "cli"
  /** An editor, or any other client of the app-server. */
  | "vscode"
  /** A script. */
  | "exec"
  /** A client of the app-server that says so. */
  | "appServer"
  /** Any agent. */
  | "subAgent"
  /** An agent that reviews. */
  | "subAgentReview"
  /** An agent that sums up a history. */
  | "subAgentCompact"
  /** An agent that was asked for help. */
  | "subAgentThreadSpawn"
  /** Another agent. */
  | "subAgentOther"
  /** Not known. */
  | "unknown";

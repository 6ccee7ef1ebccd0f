// Generated from the protocol crate. Do not edit.
import type { SubAgentSource } from "./SubAgentSource";

/** Which kind of program made a thread. */
export type SessionSource =
  | "cli" | "exec" | "unknown"
  /** An editor, or any other client of the app-server. */
  | "vscode"
  /** A client of the app-server that says so. */
  | "appServer"
  /** Something else, in its own words. */
  | {
    custom: string;
  }
  | {
    subAgent: SubAgentSource;
  };

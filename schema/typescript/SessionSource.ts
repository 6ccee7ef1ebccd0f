// Generated from the protocol crate. Do not edit.
import type { SubAgentSource } from "./SubAgentSource";

/** Which kind of program made a thread. */
export type SessionSource =
  /** The terminal client. */
  | "cli"
  /** An editor, or any other client of the app-server. */
  | "vscode"
  /** A script. */
  | "exec"
  /** A client of the app-server that says so. */
  | "appServer"
  /** Not known. */
  | "unknown"
  /** Something else, in its own words. */
  | {
    custom: string;
  }
  /** An agent. */
  | {
    subAgent: SubAgentSource;
  };

// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { GuardianCommandSource } from "./GuardianCommandSource";
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { NetworkApprovalProtocol } from "./NetworkApprovalProtocol";
import type { RequestPermissionProfile } from "./RequestPermissionProfile";

/** What is reviewed. */
export type GuardianApprovalReviewAction =
  /** A command. */
  | {
    /** The command line. */
    command: string;
    /** Its folder. */
    cwd: LegacyAppPathString;
    /** Its tool. */
    source: GuardianCommandSource;
    type: "command";
  }
  /** A program. */
  | {
    /** Its arguments. */
    argv: Array<string>;
    /** Its folder. */
    cwd: AbsolutePathBuf;
    /** The program. */
    program: string;
    /** Its tool. */
    source: GuardianCommandSource;
    type: "execve";
  }
  /** Input for a command that runs. */
  | {
    /** Id of the approval. */
    approvalId: string;
    /** The command's folder. */
    cwd: LegacyAppPathString;
    /** The command's process. */
    processId: string;
    /** The input. */
    stdin: string;
    type: "writeStdin";
  }
  /** A patch. */
  | {
    /** Folder that it is relative to. */
    cwd: LegacyAppPathString;
    /** The files that it changes. */
    files: Array<LegacyAppPathString>;
    type: "applyPatch";
  }
  /** A connection. */
  | {
    /** The host. */
    host: string;
    /** The port. */
    port: number;
    /** How. */
    protocol: NetworkApprovalProtocol;
    /** Where to. */
    target: string;
    type: "networkAccess";
  }
  /** A call of a tool of an MCP server. */
  | {
    /** Id of the connector. */
    connectorId: string | null;
    /** Name of the connector. */
    connectorName: string | null;
    /** The server. */
    server: string;
    /** The tool. */
    toolName: string;
    /** The tool's title. */
    toolTitle: string | null;
    type: "mcpToolCall";
  }
  /** A request for permissions. */
  | {
    /** Which. */
    permissions: RequestPermissionProfile;
    /** Why. */
    reason: string | null;
    type: "requestPermissions";
  };

// Generated from the protocol crate. Do not edit.
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { Personality } from "../Personality";
import type { SandboxMode } from "./SandboxMode";
import type { JsonValue } from "../serde_json/JsonValue";

/** Brings a thread back. Settings that are absent stay as they were. */
export type ThreadResumeParams = {
  /** When to ask before a command runs or a file changes. */
  approvalPolicy?: AskForApproval | null;
  /** Who answers approval requests. */
  approvalsReviewer?: ApprovalsReviewer | null;
  /** Replaces the built-in instructions of the model. */
  baseInstructions?: string | null;
  /** Settings on top of the configuration files, as dotted keys. */
  config?: { [key: string]: JsonValue } | null;
  /** Working folder. */
  cwd?: string | null;
  /** Instructions of the application, added to the built-in ones. */
  developerInstructions?: string | null;
  /** Leave `thread.turns` empty; page through them instead. */
  excludeTurns?: boolean;
  /** Model slug. */
  model?: string | null;
  /** Provider id, as in the configuration. */
  modelProvider?: string | null;
  /** Accepted and kept; without effect. */
  personality?: Personality | null;
  /** What commands may touch. */
  sandbox?: SandboxMode | null;
  /** Service tier; null is the default one. */
  serviceTier?: string | null;
  /** The thread. */
  threadId: string;
};

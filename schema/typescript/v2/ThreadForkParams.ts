// Generated from the protocol crate. Do not edit.
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { SandboxMode } from "./SandboxMode";
import type { ThreadSource } from "./ThreadSource";
import type { JsonValue } from "../serde_json/JsonValue";

/** Makes a thread that begins with the history of another. Settings that are absent are those of the other. */
export type ThreadForkParams = {
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
  /** Keep the new thread in memory only. */
  ephemeral?: boolean;
  /** Leave `thread.turns` empty; page through them instead. */
  excludeTurns?: boolean;
  /** End the history with this turn. */
  lastTurnId?: string | null;
  /** Model slug. */
  model?: string | null;
  /** Provider id, as in the configuration. */
  modelProvider?: string | null;
  /** What commands may touch. */
  sandbox?: SandboxMode | null;
  /** Service tier; null is the default one. */
  serviceTier?: string | null;
  /** The other thread. */
  threadId: string;
  /** What the thread is for, in words of the client. */
  threadSource?: ThreadSource | null;
};

// Generated from the protocol crate. Do not edit.
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { Personality } from "../Personality";
import type { SandboxMode } from "./SandboxMode";
import type { ThreadSource } from "./ThreadSource";
import type { ThreadStartSource } from "./ThreadStartSource";
import type { JsonValue } from "../serde_json/JsonValue";

/** What a new thread begins with. All is optional; what is absent comes from the configuration. */
export type ThreadStartParams = {
  /** When to ask before a command runs or a file changes. */
  approvalPolicy?: AskForApproval | null;
  /** Who answers approval requests. */
  approvalsReviewer?: ApprovalsReviewer | null;
  /** Replaces the built-in instructions of the model. */
  baseInstructions?: string | null;
  /** Settings on top of the configuration files, as dotted keys. */
  config?: { [key: string]: JsonValue } | null;
  /** Working folder; a relative one counts from the server's. */
  cwd?: string | null;
  /** Instructions of the application, added to the built-in ones. */
  developerInstructions?: string | null;
  /** Keep the thread in memory only. */
  ephemeral?: boolean | null;
  /** Model slug. */
  model?: string | null;
  /** Provider id, as in the configuration. */
  modelProvider?: string | null;
  /** Accepted and kept; without effect. */
  personality?: Personality | null;
  /** What commands may touch. */
  sandbox?: SandboxMode | null;
  /** Name of the service that the thread works for. Accepted; without effect. */
  serviceName?: string | null;
  /** Service tier; null chooses the default one, absent keeps the configured one. */
  serviceTier?: string | null;
  /** Why the thread is started, for hooks. */
  sessionStartSource?: ThreadStartSource | null;
  /** What the thread is for, in words of the client. */
  threadSource?: ThreadSource | null;
};

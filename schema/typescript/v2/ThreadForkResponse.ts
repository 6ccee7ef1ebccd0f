// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { ReasoningEffort } from "../ReasoningEffort";
import type { SandboxPolicy } from "./SandboxPolicy";
import type { Thread } from "./Thread";

/** The new thread, and the settings in force. */
export type ThreadForkResponse = {
  /** When to ask before a command runs or a file changes. */
  approvalPolicy: AskForApproval;
  /** Who answers approval requests. */
  approvalsReviewer: ApprovalsReviewer;
  /** Working folder. */
  cwd: AbsolutePathBuf;
  /** Plugins that are switched off for this thread. */
  disabledPluginIds: Array<string>;
  /** Files that project instructions were read from. */
  instructionSources: Array<LegacyAppPathString>;
  /** Model slug. */
  model: string;
  /** Provider id, as in the configuration. */
  modelProvider: string;
  /** How hard the model thinks; null is its default. */
  reasoningEffort: ReasoningEffort | null;
  /** What commands may touch. */
  sandbox: SandboxPolicy;
  /** Service tier; null is the default one. */
  serviceTier: string | null;
  /** The thread. */
  thread: Thread;
};

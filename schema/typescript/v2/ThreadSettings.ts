// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { ActivePermissionProfile } from "./ActivePermissionProfile";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { CollaborationMode } from "../CollaborationMode";
import type { Personality } from "../Personality";
import type { ReasoningEffort } from "../ReasoningEffort";
import type { ReasoningSummary } from "../ReasoningSummary";
import type { SandboxPolicy } from "./SandboxPolicy";

/** Settings of a thread that stay from turn to turn. */
export type ThreadSettings = {
  /** The permission profile in force; null when the sandbox was chosen directly. */
  activePermissionProfile: ActivePermissionProfile | null;
  /** When to ask before a command runs or a file changes. */
  approvalPolicy: AskForApproval;
  /** Who answers approval requests. */
  approvalsReviewer: ApprovalsReviewer;
  /** Plan or default mode, with what goes with it. */
  collaborationMode: CollaborationMode;
  /** Working folder, absolute. */
  cwd: AbsolutePathBuf;
  /** Plugins that are switched off for this thread. */
  disabledPluginIds: Array<string>;
  /** How hard the model thinks; null is its default. */
  effort: ReasoningEffort | null;
  /** Model slug. */
  model: string;
  /** Provider id, as in the configuration. */
  modelProvider: string;
  /** Accepted and kept; without effect. */
  personality: Personality | null;
  /** What commands may touch. */
  sandboxPolicy: SandboxPolicy;
  /** Service tier; null is the default one. */
  serviceTier: string | null;
  /** How much of its reasoning the model sums up. */
  summary: ReasoningSummary | null;
};

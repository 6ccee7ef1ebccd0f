// Generated from the protocol crate. Do not edit.
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { AskForApproval } from "./AskForApproval";
import type { Personality } from "../Personality";
import type { ReasoningEffort } from "../ReasoningEffort";
import type { ReasoningSummary } from "../ReasoningSummary";
import type { SandboxPolicy } from "./SandboxPolicy";
import type { TurnToolOutput } from "./TurnToolOutput";
import type { UserInput } from "./UserInput";
import type { JsonValue } from "../serde_json/JsonValue";

/** Starts a turn, or adds to the one that runs. What is chosen here stays for later turns unless said otherwise. */
export type TurnStartParams = {
  /** When to ask before a command runs or a file changes. */
  approvalPolicy?: AskForApproval | null;
  /** Who answers approval requests. */
  approvalsReviewer?: ApprovalsReviewer | null;
  /** Comes back as `clientId` of the user message item. */
  clientUserMessageId?: string | null;
  /** Working folder. */
  cwd?: string | null;
  /** Plugins that are switched off for this thread. */
  disabledPluginIds?: Array<string> | null;
  /** How hard the model thinks; null is its default. */
  effort?: ReasoningEffort | null;
  /** What the user says. */
  input: Array<UserInput>;
  /** Model slug; another model forgets the effort unless that is given too. */
  model?: string | null;
  /** JSON Schema that the answer must follow, this turn only. */
  outputSchema?: JsonValue;
  /** Turn that caused this one. */
  parentTurnId?: string | null;
  /** Accepted and kept; without effect. */
  personality?: Personality | null;
  /** First turn in the chain of work that led to this one. */
  rootTurnId?: string | null;
  /** What commands may touch. */
  sandboxPolicy?: SandboxPolicy | null;
  /** Service tier; null chooses the default one, absent changes nothing. */
  serviceTier?: string | null;
  /** Service tier, this turn only. */
  serviceTierForTurn?: string | null;
  /** How much of its reasoning the model sums up. */
  summary?: ReasoningSummary | null;
  /** The thread. */
  threadId: string;
  /** Output of a tool that the client ran by itself, given to the model in place of an input, which must be empty. */
  toolOutput?: TurnToolOutput | null;
  /** Why the turn is started, in words of the client. */
  turnTrigger?: string | null;
};

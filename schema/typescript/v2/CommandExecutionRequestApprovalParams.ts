// Generated from the protocol crate. Do not edit.
import type { CommandAction } from "./CommandAction";
import type { CommandExecutionApprovalKind } from "./CommandExecutionApprovalKind";
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { NetworkApprovalContext } from "./NetworkApprovalContext";
import type { NetworkPolicyAmendment } from "../NetworkPolicyAmendment";

/** Asks whether a command may run. */
export type CommandExecutionRequestApprovalParams = {
  /** Tells questions about the same item apart; null when there is only one. */
  approvalId?: string | null;
  /** The command line. */
  command?: string | null;
  /** What its parts do, as far as can be told. */
  commandActions?: Array<CommandAction> | null;
  /** Working folder of the command. */
  cwd?: LegacyAppPathString | null;
  /** The environment; the machine of the server is `local`. */
  environmentId: string | null;
  /** Item of the command. */
  itemId: string;
  /** What is asked about. */
  kind: CommandExecutionApprovalKind;
  /** The network access that is asked about. */
  networkApprovalContext?: NetworkApprovalContext | null;
  /** First words of commands that would be allowed from now on (`acceptWithExecpolicyAmendment`). */
  proposedExecpolicyAmendment?: Array<string> | null;
  /** Hosts that would be allowed or denied from now on (`applyNetworkPolicyAmendment`). */
  proposedNetworkPolicyAmendments?: Array<NetworkPolicyAmendment> | null;
  /** Why it is asked, in words of the model or of the rule. */
  reason?: string | null;
  /** When the question came up, in Unix milliseconds. */
  startedAtMs: number;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};

// Generated from the protocol crate. Do not edit.
import type { NetworkPolicyAmendment } from "../NetworkPolicyAmendment";

/** An answer to the question whether a command may run. */
export type CommandExecutionApprovalDecision =
  /** Yes, this time. */
  | "accept"
  /** Yes, and whenever it is the same command in this thread. */
  | "acceptForSession"
  /** Yes, and from now on whatever begins with these words. */
  | {
    acceptWithExecpolicyAmendment: {
      /** First words of the commands. */
      execpolicy_amendment: Array<string>;
    };
  }
  /** Do with this host from now on as it says. */
  | {
    applyNetworkPolicyAmendment: {
      /** The host, and what to do. */
      network_policy_amendment: NetworkPolicyAmendment;
    };
  }
  /** No; the turn goes on. */
  | "decline"
  /** No; the turn stops. */
  | "cancel";

// Generated from the protocol crate. Do not edit.
import type { CommandExecutionRequestApprovalParams } from "./v2/CommandExecutionRequestApprovalParams";
import type { RequestId } from "./RequestId";

export type ServerRequest =
  /** Asks whether a command may run. */
  | { id: RequestId; method: "item/commandExecution/requestApproval"; params: CommandExecutionRequestApprovalParams };

// Generated from the protocol crate. Do not edit.
import type { ChatgptAuthTokensRefreshParams } from "./v2/ChatgptAuthTokensRefreshParams";
import type { CommandExecutionRequestApprovalParams } from "./v2/CommandExecutionRequestApprovalParams";
import type { RequestId } from "./RequestId";

export type ServerRequest =
  /** Asks whether a command may run. */
  | { id: RequestId; method: "item/commandExecution/requestApproval"; params: CommandExecutionRequestApprovalParams }
  /** Asks for new ChatGPT tokens in place of those that the client gave. */
  | { id: RequestId; method: "account/chatgptAuthTokens/refresh"; params: ChatgptAuthTokensRefreshParams };

// Generated from the protocol crate. Do not edit.
import type { AttestationGenerateParams } from "./v2/AttestationGenerateParams";
import type { ChatgptAuthTokensRefreshParams } from "./v2/ChatgptAuthTokensRefreshParams";
import type { CommandExecutionRequestApprovalParams } from "./v2/CommandExecutionRequestApprovalParams";
import type { DynamicToolCallParams } from "./v2/DynamicToolCallParams";
import type { FileChangeRequestApprovalParams } from "./v2/FileChangeRequestApprovalParams";
import type { McpServerElicitationRequestParams } from "./v2/McpServerElicitationRequestParams";
import type { PermissionsRequestApprovalParams } from "./v2/PermissionsRequestApprovalParams";
import type { RequestId } from "./RequestId";
import type { ToolRequestUserInputParams } from "./v2/ToolRequestUserInputParams";

export type ServerRequest =
  /** Asks for approval to run a command. */
  | { id: RequestId; method: "item/commandExecution/requestApproval"; params: CommandExecutionRequestApprovalParams }
  /** Has the client carry out one of its tools. */
  | { id: RequestId; method: "item/tool/call"; params: DynamicToolCallParams }
  /** Asks a client that has announced `requestAttestation` for a proof of what it is, for one request to the servers of ChatGPT. It has 100 ms to answer. */
  | { id: RequestId; method: "attestation/generate"; params?: AttestationGenerateParams }
  /** Asks for permissions beyond the sandbox. */
  | { id: RequestId; method: "item/permissions/requestApproval"; params: PermissionsRequestApprovalParams }
  /** Requests new ChatGPT tokens in place of those that the client provided. */
  | { id: RequestId; method: "account/chatgptAuthTokens/refresh"; params: ChatgptAuthTokensRefreshParams }
  /** Asks the user something that a tool server, or a call of one of its tools, wants to know. */
  | { id: RequestId; method: "mcpServer/elicitation/request"; params: McpServerElicitationRequestParams }
  /** Asks for approval to change files. */
  | { id: RequestId; method: "item/fileChange/requestApproval"; params: FileChangeRequestApprovalParams }
  /** Asks the user questions of the agent. */
  | { id: RequestId; method: "item/tool/requestUserInput"; params: ToolRequestUserInputParams };

// Generated from the protocol crate. Do not edit.
import type { AccountLoginCompletedNotification } from "./v2/AccountLoginCompletedNotification";
import type { AccountRateLimitsUpdatedNotification } from "./v2/AccountRateLimitsUpdatedNotification";
import type { AccountUpdatedNotification } from "./v2/AccountUpdatedNotification";
import type { AgentMessageDeltaNotification } from "./v2/AgentMessageDeltaNotification";
import type { AuthRecoveryNotification } from "./v2/AuthRecoveryNotification";
import type { CommandExecOutputDeltaNotification } from "./v2/CommandExecOutputDeltaNotification";
import type { CommandExecutionOutputDeltaNotification } from "./v2/CommandExecutionOutputDeltaNotification";
import type { ConfigWarningNotification } from "./v2/ConfigWarningNotification";
import type { DeprecationNoticeNotification } from "./v2/DeprecationNoticeNotification";
import type { ErrorNotification } from "./v2/ErrorNotification";
import type { ExternalAgentConfigImportCompletedNotification } from "./v2/ExternalAgentConfigImportCompletedNotification";
import type { ExternalAgentConfigImportProgressNotification } from "./v2/ExternalAgentConfigImportProgressNotification";
import type { FileChangePatchUpdatedNotification } from "./v2/FileChangePatchUpdatedNotification";
import type { FsChangedNotification } from "./v2/FsChangedNotification";
import type { FuzzyFileSearchSessionCompletedNotification } from "./FuzzyFileSearchSessionCompletedNotification";
import type { FuzzyFileSearchSessionUpdatedNotification } from "./FuzzyFileSearchSessionUpdatedNotification";
import type { GuardianWarningNotification } from "./v2/GuardianWarningNotification";
import type { HookCompletedNotification } from "./v2/HookCompletedNotification";
import type { HookStartedNotification } from "./v2/HookStartedNotification";
import type { ItemCompletedNotification } from "./v2/ItemCompletedNotification";
import type { ItemGuardianApprovalReviewCompletedNotification } from "./v2/ItemGuardianApprovalReviewCompletedNotification";
import type { ItemGuardianApprovalReviewStartedNotification } from "./v2/ItemGuardianApprovalReviewStartedNotification";
import type { ItemStartedNotification } from "./v2/ItemStartedNotification";
import type { McpServerOauthLoginCompletedNotification } from "./v2/McpServerOauthLoginCompletedNotification";
import type { McpServerStatusUpdatedNotification } from "./v2/McpServerStatusUpdatedNotification";
import type { McpToolCallProgressNotification } from "./v2/McpToolCallProgressNotification";
import type { ModelReroutedNotification } from "./v2/ModelReroutedNotification";
import type { ModelSafetyBufferingUpdatedNotification } from "./v2/ModelSafetyBufferingUpdatedNotification";
import type { ModelVerificationNotification } from "./v2/ModelVerificationNotification";
import type { PlanDeltaNotification } from "./v2/PlanDeltaNotification";
import type { ProcessExitedNotification } from "./v2/ProcessExitedNotification";
import type { ProcessOutputDeltaNotification } from "./v2/ProcessOutputDeltaNotification";
import type { ProjectChangedNotification } from "./v2/ProjectChangedNotification";
import type { ReasoningSummaryPartAddedNotification } from "./v2/ReasoningSummaryPartAddedNotification";
import type { ReasoningSummaryTextDeltaNotification } from "./v2/ReasoningSummaryTextDeltaNotification";
import type { ReasoningTextDeltaNotification } from "./v2/ReasoningTextDeltaNotification";
import type { RemoteControlStatusChangedNotification } from "./v2/RemoteControlStatusChangedNotification";
import type { ServerRequestResolvedNotification } from "./v2/ServerRequestResolvedNotification";
import type { SkillsChangedNotification } from "./v2/SkillsChangedNotification";
import type { TerminalInteractionNotification } from "./v2/TerminalInteractionNotification";
import type { ThreadArchivedNotification } from "./v2/ThreadArchivedNotification";
import type { ThreadAttachmentUpdatedNotification } from "./v2/ThreadAttachmentUpdatedNotification";
import type { ThreadClosedNotification } from "./v2/ThreadClosedNotification";
import type { ThreadDeletedNotification } from "./v2/ThreadDeletedNotification";
import type { ThreadGoalClearedNotification } from "./v2/ThreadGoalClearedNotification";
import type { ThreadGoalUpdatedNotification } from "./v2/ThreadGoalUpdatedNotification";
import type { ThreadNameUpdatedNotification } from "./v2/ThreadNameUpdatedNotification";
import type { ThreadProjectUpdatedNotification } from "./v2/ThreadProjectUpdatedNotification";
import type { ThreadQueueChangedNotification } from "./v2/ThreadQueueChangedNotification";
import type { ThreadReadStateChangedNotification } from "./v2/ThreadReadStateChangedNotification";
import type { ThreadRealtimeClosedNotification } from "./v2/ThreadRealtimeClosedNotification";
import type { ThreadRealtimeErrorNotification } from "./v2/ThreadRealtimeErrorNotification";
import type { ThreadRealtimeItemAddedNotification } from "./v2/ThreadRealtimeItemAddedNotification";
import type { ThreadRealtimeItemCompletedNotification } from "./v2/ThreadRealtimeItemCompletedNotification";
import type { ThreadRealtimeItemStartedNotification } from "./v2/ThreadRealtimeItemStartedNotification";
import type { ThreadRealtimeItemTranscriptDeltaNotification } from "./v2/ThreadRealtimeItemTranscriptDeltaNotification";
import type { ThreadRealtimeOutputAudioDeltaNotification } from "./v2/ThreadRealtimeOutputAudioDeltaNotification";
import type { ThreadRealtimeSdpNotification } from "./v2/ThreadRealtimeSdpNotification";
import type { ThreadRealtimeStartedNotification } from "./v2/ThreadRealtimeStartedNotification";
import type { ThreadRealtimeTranscriptDeltaNotification } from "./v2/ThreadRealtimeTranscriptDeltaNotification";
import type { ThreadRealtimeTranscriptDoneNotification } from "./v2/ThreadRealtimeTranscriptDoneNotification";
import type { ThreadRevertedNotification } from "./v2/ThreadRevertedNotification";
import type { ThreadSearchPartialNotification } from "./v2/ThreadSearchPartialNotification";
import type { ThreadSectionChangedNotification } from "./v2/ThreadSectionChangedNotification";
import type { ThreadSettingsUpdatedNotification } from "./v2/ThreadSettingsUpdatedNotification";
import type { ThreadStartedNotification } from "./v2/ThreadStartedNotification";
import type { ThreadStatusChangedNotification } from "./v2/ThreadStatusChangedNotification";
import type { ThreadTokenUsageUpdatedNotification } from "./v2/ThreadTokenUsageUpdatedNotification";
import type { ThreadUnarchivedNotification } from "./v2/ThreadUnarchivedNotification";
import type { TurnCompletedNotification } from "./v2/TurnCompletedNotification";
import type { TurnDiffUpdatedNotification } from "./v2/TurnDiffUpdatedNotification";
import type { TurnModerationMetadataNotification } from "./v2/TurnModerationMetadataNotification";
import type { TurnPlanUpdatedNotification } from "./v2/TurnPlanUpdatedNotification";
import type { TurnStartedNotification } from "./v2/TurnStartedNotification";
import type { WarningNotification } from "./v2/WarningNotification";
import type { WindowsSandboxSetupCompletedNotification } from "./v2/WindowsSandboxSetupCompletedNotification";

export type ServerNotification =
  /** A thread was started or forked. */
  | { method: "thread/started"; params: ThreadStartedNotification }
  /** A thread's status changed. */
  | { method: "thread/status/changed"; params: ThreadStatusChangedNotification }
  /** A thread was unloaded. */
  | { method: "thread/closed"; params: ThreadClosedNotification }
  /** A thread's token counts changed. */
  | { method: "thread/tokenUsage/updated"; params: ThreadTokenUsageUpdatedNotification }
  /** A thread's settings changed. */
  | { method: "thread/settings/updated"; params: ThreadSettingsUpdatedNotification }
  /** A turn started. */
  | { method: "turn/started"; params: TurnStartedNotification }
  /** A turn ended. */
  | { method: "turn/completed"; params: TurnCompletedNotification }
  /** A model reviews an approval. */
  | { method: "item/autoApprovalReview/started"; params: ItemGuardianApprovalReviewStartedNotification }
  /** A model has reviewed an approval. */
  | { method: "item/autoApprovalReview/completed"; params: ItemGuardianApprovalReviewCompletedNotification }
  /** Something about a review that the user should know. */
  | { method: "guardianWarning"; params: GuardianWarningNotification }
  /** An item started. */
  | { method: "item/started"; params: ItemStartedNotification }
  /** An item is complete. */
  | { method: "item/completed"; params: ItemCompletedNotification }
  /** More text of an agent message. */
  | { method: "item/agentMessage/delta"; params: AgentMessageDeltaNotification }
  /** A section of a reasoning summary begins. */
  | { method: "item/reasoning/summaryPartAdded"; params: ReasoningSummaryPartAddedNotification }
  /** More text of a reasoning summary. */
  | { method: "item/reasoning/summaryTextDelta"; params: ReasoningSummaryTextDeltaNotification }
  /** More raw reasoning. */
  | { method: "item/reasoning/textDelta"; params: ReasoningTextDeltaNotification }
  /** More output of a command. */
  | { method: "item/commandExecution/outputDelta"; params: CommandExecutionOutputDeltaNotification }
  /** Input was written to a running command. */
  | { method: "item/commandExecution/terminalInteraction"; params: TerminalInteractionNotification }
  /** A request to the client no longer needs a response. */
  | { method: "serverRequest/resolved"; params: ServerRequestResolvedNotification }
  /** Turns of a thread were dropped. */
  | { method: "thread/reverted"; params: ThreadRevertedNotification }
  /** A thread was archived. */
  | { method: "thread/archived"; params: ThreadArchivedNotification }
  /** A thread was taken out of the archive. */
  | { method: "thread/unarchived"; params: ThreadUnarchivedNotification }
  /** A thread was deleted. */
  | { method: "thread/deleted"; params: ThreadDeletedNotification }
  /** A `thread/search/stream` has found threads; its response will include them, too. */
  | { method: "thread/search/partial"; params: ThreadSearchPartialNotification }
  /** The read state of a thread changed. */
  | { method: "thread/readState/changed"; params: ThreadReadStateChangedNotification }
  /** A voice conversation has started. */
  | { method: "thread/realtime/started"; params: ThreadRealtimeStartedNotification }
  /** Something that the voice server has told, as it came. */
  | { method: "thread/realtime/itemAdded"; params: ThreadRealtimeItemAddedNotification }
  /** An item of the conversation has begun. */
  | { method: "thread/realtime/item/started"; params: ThreadRealtimeItemStartedNotification }
  /** More of what is said in an item. */
  | { method: "thread/realtime/item/transcript/delta"; params: ThreadRealtimeItemTranscriptDeltaNotification }
  /** An item of the conversation is complete. */
  | { method: "thread/realtime/item/completed"; params: ThreadRealtimeItemCompletedNotification }
  /** More of what is said. */
  | { method: "thread/realtime/transcript/delta"; params: ThreadRealtimeTranscriptDeltaNotification }
  /** What somebody has said, in full. */
  | { method: "thread/realtime/transcript/done"; params: ThreadRealtimeTranscriptDoneNotification }
  /** Sound to play. */
  | { method: "thread/realtime/outputAudio/delta"; params: ThreadRealtimeOutputAudioDeltaNotification }
  /** The server's answer to a WebRTC offer. */
  | { method: "thread/realtime/sdp"; params: ThreadRealtimeSdpNotification }
  /** The conversation could not start, or has failed. */
  | { method: "thread/realtime/error"; params: ThreadRealtimeErrorNotification }
  /** The conversation has ended. */
  | { method: "thread/realtime/closed"; params: ThreadRealtimeClosedNotification }
  /** A thread was named. */
  | { method: "thread/name/updated"; params: ThreadNameUpdatedNotification }
  /** The goal of a thread was set or changed. */
  | { method: "thread/goal/updated"; params: ThreadGoalUpdatedNotification }
  /** The goal of a thread was cleared. */
  | { method: "thread/goal/cleared"; params: ThreadGoalClearedNotification }
  /** The queue of a thread is another one now. */
  | { method: "thread/queue/changed"; params: ThreadQueueChangedNotification }
  /** A thread was moved into a section, or out of it. */
  | { method: "thread/section/changed"; params: ThreadSectionChangedNotification }
  /** An attachment was added to a thread or removed. */
  | { method: "thread/attachment/updated"; params: ThreadAttachmentUpdatedNotification }
  /** A command/exec has written something. Sent to the connection that runs it. */
  | { method: "command/exec/outputDelta"; params: CommandExecOutputDeltaNotification }
  /** A process has written something. Sent to the connection that runs it. */
  | { method: "process/outputDelta"; params: ProcessOutputDeltaNotification }
  /** A process has ended. Sent to the connection that ran it. */
  | { method: "process/exited"; params: ProcessExitedNotification }
  /** The signed-in account changed. */
  | { method: "account/updated"; params: AccountUpdatedNotification }
  /** A login ended, successfully or not. */
  | { method: "account/login/completed"; params: AccountLoginCompletedNotification }
  /** A rate limit changed. */
  | { method: "account/rateLimits/updated"; params: AccountRateLimitsUpdatedNotification }
  /** Another model than the requested one is answering. */
  | { method: "model/rerouted"; params: ModelReroutedNotification }
  /** The model server recommends to verify the account. */
  | { method: "model/verification"; params: ModelVerificationNotification }
  /** The model server is holding its response back for a safety check. */
  | { method: "model/safetyBuffering/updated"; params: ModelSafetyBufferingUpdatedNotification }
  /** A model server has refused the credentials of a turn's request; new ones are being obtained. */
  | { method: "modelProvider/authRecoveryStarted"; params: AuthRecoveryNotification }
  /** New credentials were obtained, and the request is sent again. */
  | { method: "modelProvider/authRecoveryCompleted"; params: AuthRecoveryNotification }
  /** Skills may have changed. */
  | { method: "skills/changed"; params?: SkillsChangedNotification }
  /** A step of an import is done. */
  | { method: "externalAgentConfig/import/progress"; params: ExternalAgentConfigImportProgressNotification }
  /** An import is over. */
  | { method: "externalAgentConfig/import/completed"; params: ExternalAgentConfigImportCompletedNotification }
  /** A hook began to run. */
  | { method: "hook/started"; params: HookStartedNotification }
  /** A hook has run. */
  | { method: "hook/completed"; params: HookCompletedNotification }
  /** A tool server of a thread stands in another way. */
  | { method: "mcpServer/startupStatus/updated"; params: McpServerStatusUpdatedNotification }
  /** A sign-in to a tool server has ended. */
  | { method: "mcpServer/oauthLogin/completed"; params: McpServerOauthLoginCompletedNotification }
  /** A tool server says how far a call is. */
  | { method: "item/mcpToolCall/progress"; params: McpToolCallProgressNotification }
  /** The changes that the patches of a turn have made. */
  | { method: "turn/diff/updated"; params: TurnDiffUpdatedNotification }
  /** The agent's list of steps changed. */
  | { method: "turn/plan/updated"; params: TurnPlanUpdatedNotification }
  /** The model server moderated the turn. */
  | { method: "turn/moderationMetadata"; params: TurnModerationMetadataNotification }
  /** A patch, as far as the model has written it. */
  | { method: "item/fileChange/patchUpdated"; params: FileChangePatchUpdatedNotification }
  /** More text of a proposed plan. */
  | { method: "item/plan/delta"; params: PlanDeltaNotification }
  /** A request to the model failed. */
  | { method: "error"; params: ErrorNotification }
  /** Something the user should know. */
  | { method: "warning"; params: WarningNotification }
  /** Something is wrong with the configuration. */
  | { method: "configWarning"; params: ConfigWarningNotification }
  /** Something the client did is deprecated. */
  | { method: "deprecationNotice"; params: DeprecationNoticeNotification }
  /** Something that is watched has changed. */
  | { method: "fs/changed"; params: FsChangedNotification }
  /** What a search has found so far. */
  | { method: "fuzzyFileSearch/sessionUpdated"; params: FuzzyFileSearchSessionUpdatedNotification }
  /** A search has found all there is for its query. */
  | { method: "fuzzyFileSearch/sessionCompleted"; params: FuzzyFileSearchSessionCompletedNotification }
  /** That has ended. */
  | { method: "windowsSandbox/setupCompleted"; params: WindowsSandboxSetupCompletedNotification }
  /** Whether other devices can control this server, told to each client after it has been initialized. */
  | { method: "remoteControl/status/changed"; params: RemoteControlStatusChangedNotification }
  /** A project was made, changed or deleted. */
  | { method: "project/changed"; params: ProjectChangedNotification }
  /** A thread belongs to another project, or to none. */
  | { method: "thread/project/updated"; params: ThreadProjectUpdatedNotification };

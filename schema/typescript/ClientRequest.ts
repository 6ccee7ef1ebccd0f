// Generated from the protocol crate. Do not edit.
import type { AppsInstalledParams } from "./v2/AppsInstalledParams";
import type { AppsListParams } from "./v2/AppsListParams";
import type { AppsReadParams } from "./v2/AppsReadParams";
import type { CancelLoginAccountParams } from "./v2/CancelLoginAccountParams";
import type { CommandExecParams } from "./v2/CommandExecParams";
import type { CommandExecResizeParams } from "./v2/CommandExecResizeParams";
import type { CommandExecTerminateParams } from "./v2/CommandExecTerminateParams";
import type { CommandExecWriteParams } from "./v2/CommandExecWriteParams";
import type { ConfigBatchWriteParams } from "./v2/ConfigBatchWriteParams";
import type { ConfigReadParams } from "./v2/ConfigReadParams";
import type { ConfigValueWriteParams } from "./v2/ConfigValueWriteParams";
import type { ConsumeAccountRateLimitResetCreditParams } from "./v2/ConsumeAccountRateLimitResetCreditParams";
import type { ExperimentalFeatureEnablementSetParams } from "./v2/ExperimentalFeatureEnablementSetParams";
import type { ExperimentalFeatureListParams } from "./v2/ExperimentalFeatureListParams";
import type { ExternalAgentConfigDetectParams } from "./v2/ExternalAgentConfigDetectParams";
import type { ExternalAgentConfigImportHistoryRecordParams } from "./v2/ExternalAgentConfigImportHistoryRecordParams";
import type { ExternalAgentConfigImportParams } from "./v2/ExternalAgentConfigImportParams";
import type { FeedbackSaveParams } from "./v2/FeedbackSaveParams";
import type { FeedbackUploadParams } from "./v2/FeedbackUploadParams";
import type { FsCopyParams } from "./v2/FsCopyParams";
import type { FsCreateDirectoryParams } from "./v2/FsCreateDirectoryParams";
import type { FsGetMetadataParams } from "./v2/FsGetMetadataParams";
import type { FsReadDirectoryParams } from "./v2/FsReadDirectoryParams";
import type { FsReadFileParams } from "./v2/FsReadFileParams";
import type { FsRemoveParams } from "./v2/FsRemoveParams";
import type { FsUnwatchParams } from "./v2/FsUnwatchParams";
import type { FsWatchParams } from "./v2/FsWatchParams";
import type { FsWriteFileParams } from "./v2/FsWriteFileParams";
import type { FuzzyFileSearchParams } from "./FuzzyFileSearchParams";
import type { GatewayOAuthLoginParams } from "./v2/GatewayOAuthLoginParams";
import type { GatewayOAuthReadParams } from "./v2/GatewayOAuthReadParams";
import type { GetAccountParams } from "./v2/GetAccountParams";
import type { GetAccountRateLimitsParams } from "./v2/GetAccountRateLimitsParams";
import type { GetAccountTokenUsageParams } from "./v2/GetAccountTokenUsageParams";
import type { HooksListParams } from "./v2/HooksListParams";
import type { InitializeParams } from "./InitializeParams";
import type { ListMcpServerStatusParams } from "./v2/ListMcpServerStatusParams";
import type { LoginAccountParams } from "./v2/LoginAccountParams";
import type { MarketplaceAddParams } from "./v2/MarketplaceAddParams";
import type { MarketplaceRemoveParams } from "./v2/MarketplaceRemoveParams";
import type { MarketplaceUpgradeParams } from "./v2/MarketplaceUpgradeParams";
import type { McpResourceReadParams } from "./v2/McpResourceReadParams";
import type { McpServerOauthLoginParams } from "./v2/McpServerOauthLoginParams";
import type { McpServerToolCallParams } from "./v2/McpServerToolCallParams";
import type { ModelListParams } from "./v2/ModelListParams";
import type { ModelProviderCapabilitiesReadParams } from "./v2/ModelProviderCapabilitiesReadParams";
import type { ModelProviderConfigWriteParams } from "./v2/ModelProviderConfigWriteParams";
import type { ModelProviderDefaultSetParams } from "./v2/ModelProviderDefaultSetParams";
import type { ModelProviderListParams } from "./v2/ModelProviderListParams";
import type { PermissionProfileListParams } from "./v2/PermissionProfileListParams";
import type { PluginInstallParams } from "./v2/PluginInstallParams";
import type { PluginInstalledParams } from "./v2/PluginInstalledParams";
import type { PluginListParams } from "./v2/PluginListParams";
import type { PluginReadParams } from "./v2/PluginReadParams";
import type { PluginReconcileParams } from "./v2/PluginReconcileParams";
import type { PluginShareCheckoutParams } from "./v2/PluginShareCheckoutParams";
import type { PluginShareDeleteParams } from "./v2/PluginShareDeleteParams";
import type { PluginShareListParams } from "./v2/PluginShareListParams";
import type { PluginShareSaveParams } from "./v2/PluginShareSaveParams";
import type { PluginShareUpdateTargetsParams } from "./v2/PluginShareUpdateTargetsParams";
import type { PluginSkillReadParams } from "./v2/PluginSkillReadParams";
import type { PluginUninstallParams } from "./v2/PluginUninstallParams";
import type { RequestId } from "./RequestId";
import type { ReviewStartParams } from "./v2/ReviewStartParams";
import type { SendAddCreditsNudgeEmailParams } from "./v2/SendAddCreditsNudgeEmailParams";
import type { SkillsConfigWriteParams } from "./v2/SkillsConfigWriteParams";
import type { SkillsExtraRootsSetParams } from "./v2/SkillsExtraRootsSetParams";
import type { SkillsListParams } from "./v2/SkillsListParams";
import type { ThreadApproveGuardianDeniedActionParams } from "./v2/ThreadApproveGuardianDeniedActionParams";
import type { ThreadArchiveParams } from "./v2/ThreadArchiveParams";
import type { ThreadAttachmentAddParams } from "./v2/ThreadAttachmentAddParams";
import type { ThreadAttachmentListParams } from "./v2/ThreadAttachmentListParams";
import type { ThreadAttachmentOwnerListParams } from "./v2/ThreadAttachmentOwnerListParams";
import type { ThreadAttachmentRemoveParams } from "./v2/ThreadAttachmentRemoveParams";
import type { ThreadCompactStartParams } from "./v2/ThreadCompactStartParams";
import type { ThreadDeleteParams } from "./v2/ThreadDeleteParams";
import type { ThreadForkParams } from "./v2/ThreadForkParams";
import type { ThreadGoalClearParams } from "./v2/ThreadGoalClearParams";
import type { ThreadGoalGetParams } from "./v2/ThreadGoalGetParams";
import type { ThreadGoalSetParams } from "./v2/ThreadGoalSetParams";
import type { ThreadInjectItemsParams } from "./v2/ThreadInjectItemsParams";
import type { ThreadItemsListParams } from "./v2/ThreadItemsListParams";
import type { ThreadListParams } from "./v2/ThreadListParams";
import type { ThreadLoadedListParams } from "./v2/ThreadLoadedListParams";
import type { ThreadMetadataUpdateParams } from "./v2/ThreadMetadataUpdateParams";
import type { ThreadReadParams } from "./v2/ThreadReadParams";
import type { ThreadResumeParams } from "./v2/ThreadResumeParams";
import type { ThreadRevertParams } from "./v2/ThreadRevertParams";
import type { ThreadSectionCreateParams } from "./v2/ThreadSectionCreateParams";
import type { ThreadSectionDeleteParams } from "./v2/ThreadSectionDeleteParams";
import type { ThreadSectionListParams } from "./v2/ThreadSectionListParams";
import type { ThreadSectionMoveParams } from "./v2/ThreadSectionMoveParams";
import type { ThreadSectionUpdateParams } from "./v2/ThreadSectionUpdateParams";
import type { ThreadSetNameParams } from "./v2/ThreadSetNameParams";
import type { ThreadShellCommandParams } from "./v2/ThreadShellCommandParams";
import type { ThreadStartParams } from "./v2/ThreadStartParams";
import type { ThreadTurnsListParams } from "./v2/ThreadTurnsListParams";
import type { ThreadUnarchiveParams } from "./v2/ThreadUnarchiveParams";
import type { ThreadUnsubscribeParams } from "./v2/ThreadUnsubscribeParams";
import type { TurnInterruptParams } from "./v2/TurnInterruptParams";
import type { TurnStartParams } from "./v2/TurnStartParams";
import type { TurnSteerParams } from "./v2/TurnSteerParams";
import type { WindowsSandboxSetupStartParams } from "./v2/WindowsSandboxSetupStartParams";

export type ClientRequest =
  /** Opens the connection. Must be the first request, once. */
  | { id: RequestId; method: "initialize"; params: InitializeParams }
  /** Starts a thread and subscribes the caller to it. */
  | { id: RequestId; method: "thread/start"; params?: ThreadStartParams }
  /** Lists the loaded threads. */
  | { id: RequestId; method: "thread/loaded/list"; params?: ThreadLoadedListParams }
  /** Stops notifications about a thread's turns on this connection. */
  | { id: RequestId; method: "thread/unsubscribe"; params: ThreadUnsubscribeParams }
  /** Starts a turn, or adds input to the running one. */
  | { id: RequestId; method: "turn/start"; params: TurnStartParams }
  /** Adds input to the running turn. */
  | { id: RequestId; method: "turn/steer"; params: TurnSteerParams }
  /** Stops the running turn. */
  | { id: RequestId; method: "turn/interrupt"; params: TurnInterruptParams }
  /** Reviews changes in a turn of its own. */
  | { id: RequestId; method: "review/start"; params: ReviewStartParams }
  /** Approves by hand what a review has denied. */
  | { id: RequestId; method: "thread/approveGuardianDeniedAction"; params: ThreadApproveGuardianDeniedActionParams }
  /** Loads a stored thread and subscribes the caller to it. */
  | { id: RequestId; method: "thread/resume"; params: ThreadResumeParams }
  /** Forks a thread and subscribes the caller to the new one. */
  | { id: RequestId; method: "thread/fork"; params: ThreadForkParams }
  /** Drops a turn and everything after it. */
  | { id: RequestId; method: "thread/revert"; params: ThreadRevertParams }
  /** Archives a thread. */
  | { id: RequestId; method: "thread/archive"; params: ThreadArchiveParams }
  /** Takes a thread out of the archive. */
  | { id: RequestId; method: "thread/unarchive"; params: ThreadUnarchiveParams }
  /** Deletes a thread permanently. */
  | { id: RequestId; method: "thread/delete"; params: ThreadDeleteParams }
  /** Lists stored threads, page by page. */
  | { id: RequestId; method: "thread/list"; params?: ThreadListParams }
  /** Reads a thread without loading it. */
  | { id: RequestId; method: "thread/read"; params: ThreadReadParams }
  /** Lists the turns of a thread, page by page. */
  | { id: RequestId; method: "thread/turns/list"; params: ThreadTurnsListParams }
  /** Lists the items of a thread, page by page. */
  | { id: RequestId; method: "thread/items/list"; params: ThreadItemsListParams }
  /** Names a thread. */
  | { id: RequestId; method: "thread/name/set"; params: ThreadSetNameParams }
  /** Changes a thread's metadata. */
  | { id: RequestId; method: "thread/metadata/update"; params: ThreadMetadataUpdateParams }
  /** Adds items to the model's history without a turn. */
  | { id: RequestId; method: "thread/inject_items"; params: ThreadInjectItemsParams }
  /** Sets or changes the goal of a thread. */
  | { id: RequestId; method: "thread/goal/set"; params: ThreadGoalSetParams }
  /** Reads the goal of a thread. */
  | { id: RequestId; method: "thread/goal/get"; params: ThreadGoalGetParams }
  /** Clears the goal of a thread. */
  | { id: RequestId; method: "thread/goal/clear"; params: ThreadGoalClearParams }
  /** Lists the sections of the list of threads. */
  | { id: RequestId; method: "threadSection/list"; params?: ThreadSectionListParams }
  /** Adds a section. */
  | { id: RequestId; method: "threadSection/create"; params: ThreadSectionCreateParams }
  /** Renames a section or changes its appearance. */
  | { id: RequestId; method: "threadSection/update"; params: ThreadSectionUpdateParams }
  /** Deletes a section. */
  | { id: RequestId; method: "threadSection/delete"; params: ThreadSectionDeleteParams }
  /** Moves a thread into a section, or out of it. */
  | { id: RequestId; method: "thread/section/move"; params: ThreadSectionMoveParams }
  /** Attaches something to a thread. */
  | { id: RequestId; method: "thread/attachment/add"; params: ThreadAttachmentAddParams }
  /** Lists what is attached to a thread. */
  | { id: RequestId; method: "thread/attachment/list"; params: ThreadAttachmentListParams }
  /** Lists the threads that something is attached to. */
  | { id: RequestId; method: "thread/attachmentOwner/list"; params: ThreadAttachmentOwnerListParams }
  /** Removes an attachment from a thread. */
  | { id: RequestId; method: "thread/attachment/remove"; params: ThreadAttachmentRemoveParams }
  /** Runs a command of the user, without a sandbox, in the running turn or as a turn of its own. */
  | { id: RequestId; method: "thread/shellCommand"; params: ThreadShellCommandParams }
  /** Sums up the history of a thread, as a turn of its own; a turn that runs is interrupted. */
  | { id: RequestId; method: "thread/compact/start"; params: ThreadCompactStartParams }
  /** Runs a command in the sandbox, beside all threads, and answers when it has ended. */
  | { id: RequestId; method: "command/exec"; params: CommandExecParams }
  /** Writes to the standard input of a running command/exec, and can close it. */
  | { id: RequestId; method: "command/exec/write"; params: CommandExecWriteParams }
  /** Changes the terminal size of a running command/exec. */
  | { id: RequestId; method: "command/exec/resize"; params: CommandExecResizeParams }
  /** Ends a running command/exec. */
  | { id: RequestId; method: "command/exec/terminate"; params: CommandExecTerminateParams }
  /** Reads which account is signed in. */
  | { id: RequestId; method: "account/read"; params?: GetAccountParams }
  /** Signs in, or starts a login that the user completes. */
  | { id: RequestId; method: "account/login/start"; params: LoginAccountParams }
  /** Cancels a login that waits for the user. */
  | { id: RequestId; method: "account/login/cancel"; params: CancelLoginAccountParams }
  /** Signs out. */
  | { id: RequestId; method: "account/logout" }
  /** Reads the account's rate limits. */
  | { id: RequestId; method: "account/rateLimits/read"; params?: GetAccountRateLimitsParams }
  /** Uses a credit that resets a rate limit. */
  | { id: RequestId; method: "account/rateLimitResetCredit/consume"; params: ConsumeAccountRateLimitResetCreditParams }
  /** Reads how many tokens the account or a thread has used. */
  | { id: RequestId; method: "account/usage/read"; params?: GetAccountTokenUsageParams }
  /** Reads the workspace's messages to its members. */
  | { id: RequestId; method: "account/workspaceMessages/read" }
  /** Asks the workspace's owner for more credits by email. */
  | { id: RequestId; method: "account/sendAddCreditsNudgeEmail"; params: SendAddCreditsNudgeEmailParams }
  /** Reads what the user should do for the account's security. */
  | { id: RequestId; method: "account/securitySetup/read" }
  /** Lists the available models. */
  | { id: RequestId; method: "model/list"; params?: ModelListParams }
  /** Lists the model providers, and which one new threads use. */
  | { id: RequestId; method: "modelProvider/list"; params?: ModelProviderListParams }
  /** Tells what the provider of new threads can do. */
  | { id: RequestId; method: "modelProvider/capabilities/read"; params?: ModelProviderCapabilitiesReadParams }
  /** Adds a model provider, or changes one. */
  | { id: RequestId; method: "modelProvider/config/write"; params: ModelProviderConfigWriteParams }
  /** Chooses the provider of new threads. */
  | { id: RequestId; method: "modelProvider/default/set"; params: ModelProviderDefaultSetParams }
  /** Lists the permission profiles, and whether they may be chosen. */
  | { id: RequestId; method: "permissionProfile/list"; params?: PermissionProfileListParams }
  /** Reads the configuration that holds, and where it comes from. */
  | { id: RequestId; method: "config/read"; params?: ConfigReadParams }
  /** Sets or removes one key of the user's configuration. */
  | { id: RequestId; method: "config/value/write"; params: ConfigValueWriteParams }
  /** Sets or removes several keys of the user's configuration, all or none. */
  | { id: RequestId; method: "config/batchWrite"; params: ConfigBatchWriteParams }
  /** Reads what the administrator demands. */
  | { id: RequestId; method: "configRequirements/read" }
  /** Lists the skills of working folders. */
  | { id: RequestId; method: "skills/list"; params?: SkillsListParams }
  /** Sets more folders with skills, for the life of the process. */
  | { id: RequestId; method: "skills/extraRoots/set"; params: SkillsExtraRootsSetParams }
  /** Switches a skill on or off, in the configuration file. */
  | { id: RequestId; method: "skills/config/write"; params: SkillsConfigWriteParams }
  /** Adds a marketplace of plugins: a folder, or a git repository, which is fetched. */
  | { id: RequestId; method: "marketplace/add"; params: MarketplaceAddParams }
  /** Removes a marketplace. Its own folder stays, and so do plugins that were installed from it. */
  | { id: RequestId; method: "marketplace/remove"; params: MarketplaceRemoveParams }
  /** Fetches marketplaces that come from git repositories again, and renews plugins that were installed from them. */
  | { id: RequestId; method: "marketplace/upgrade"; params?: MarketplaceUpgradeParams }
  /** Lists the plugins that are to be had. */
  | { id: RequestId; method: "plugin/list"; params?: PluginListParams }
  /** Lists the plugins that are installed. */
  | { id: RequestId; method: "plugin/installed"; params?: PluginInstalledParams }
  /** Brings installed plugins in line with what an account manages. */
  | { id: RequestId; method: "plugin/reconcile"; params?: PluginReconcileParams }
  /** Tells what is in a plugin. */
  | { id: RequestId; method: "plugin/read"; params: PluginReadParams }
  /** Installs a plugin, and switches it on. */
  | { id: RequestId; method: "plugin/install"; params: PluginInstallParams }
  /** Removes a plugin. */
  | { id: RequestId; method: "plugin/uninstall"; params: PluginUninstallParams }
  /** Reads a skill of a plugin of an account. */
  | { id: RequestId; method: "plugin/skill/read"; params: PluginSkillReadParams }
  /** Shares a plugin. */
  | { id: RequestId; method: "plugin/share/save"; params: PluginShareSaveParams }
  /** Says whom a plugin is shared with. */
  | { id: RequestId; method: "plugin/share/updateTargets"; params: PluginShareUpdateTargetsParams }
  /** Lists the plugins that the account shares. */
  | { id: RequestId; method: "plugin/share/list"; params?: PluginShareListParams }
  /** Copies a plugin that somebody shares. */
  | { id: RequestId; method: "plugin/share/checkout"; params: PluginShareCheckoutParams }
  /** Shares a plugin no longer. */
  | { id: RequestId; method: "plugin/share/delete"; params: PluginShareDeleteParams }
  /** Tells of apps by their ids. */
  | { id: RequestId; method: "app/read"; params: AppsReadParams }
  /** Lists the apps of the account. */
  | { id: RequestId; method: "app/list"; params?: AppsListParams }
  /** Lists the apps that are connected. */
  | { id: RequestId; method: "app/installed"; params?: AppsInstalledParams }
  /** Finds what can be taken over from another agent. */
  | { id: RequestId; method: "externalAgentConfig/detect"; params?: ExternalAgentConfigDetectParams }
  /** Takes things over from another agent. */
  | { id: RequestId; method: "externalAgentConfig/import"; params: ExternalAgentConfigImportParams }
  /** Notes an import that a client has made. */
  | { id: RequestId; method: "externalAgentConfig/import/recordHistory"; params: ExternalAgentConfigImportHistoryRecordParams }
  /** Lists earlier imports. */
  | { id: RequestId; method: "externalAgentConfig/import/readHistories" }
  /** Lists features and whether they are enabled. */
  | { id: RequestId; method: "experimentalFeature/list"; params?: ExperimentalFeatureListParams }
  /** Enables or disables features for the life of the process. */
  | { id: RequestId; method: "experimentalFeature/enablement/set"; params: ExperimentalFeatureEnablementSetParams }
  /** Lists hooks, and whether they may run. */
  | { id: RequestId; method: "hooks/list"; params?: HooksListParams }
  /** Lists tool servers, and what each offers. */
  | { id: RequestId; method: "mcpServerStatus/list"; params?: ListMcpServerStatusParams }
  /** Calls a tool of a tool server. */
  | { id: RequestId; method: "mcpServer/tool/call"; params: McpServerToolCallParams }
  /** Reads a resource of a tool server. */
  | { id: RequestId; method: "mcpServer/resource/read"; params: McpResourceReadParams }
  /** Has loaded threads read again which tool servers there are. */
  | { id: RequestId; method: "config/mcpServer/reload" }
  /** Begins to sign in to a tool server. */
  | { id: RequestId; method: "mcpServer/oauth/login"; params: McpServerOauthLoginParams }
  /** Reads a file. */
  | { id: RequestId; method: "fs/readFile"; params: FsReadFileParams }
  /** Writes a whole file. */
  | { id: RequestId; method: "fs/writeFile"; params: FsWriteFileParams }
  /** Makes a folder. */
  | { id: RequestId; method: "fs/createDirectory"; params: FsCreateDirectoryParams }
  /** Tells what a path leads to. */
  | { id: RequestId; method: "fs/getMetadata"; params: FsGetMetadataParams }
  /** Lists a folder. */
  | { id: RequestId; method: "fs/readDirectory"; params: FsReadDirectoryParams }
  /** Removes a file or a folder. */
  | { id: RequestId; method: "fs/remove"; params: FsRemoveParams }
  /** Copies a file or a folder. */
  | { id: RequestId; method: "fs/copy"; params: FsCopyParams }
  /** Begins to tell of changes of a path. */
  | { id: RequestId; method: "fs/watch"; params: FsWatchParams }
  /** Ends that. */
  | { id: RequestId; method: "fs/unwatch"; params: FsUnwatchParams }
  /** Finds files by parts of their paths. */
  | { id: RequestId; method: "fuzzyFileSearch"; params: FuzzyFileSearchParams }
  /** Tells whether the sandbox of Windows is set up. */
  | { id: RequestId; method: "windowsSandbox/readiness" }
  /** Sets up the sandbox of Windows. */
  | { id: RequestId; method: "windowsSandbox/setupStart"; params: WindowsSandboxSetupStartParams }
  /** Tells whether a provider wants the user to sign in at its gateway. */
  | { id: RequestId; method: "account/gatewayOAuth/read"; params?: GatewayOAuthReadParams }
  /** Signs in at a provider's gateway. */
  | { id: RequestId; method: "account/gatewayOAuth/login"; params?: GatewayOAuthLoginParams }
  /** Gives up signing in at a gateway. */
  | { id: RequestId; method: "account/gatewayOAuth/cancel" }
  /** Writes feedback to a zip that the user can read. */
  | { id: RequestId; method: "feedback/save"; params: FeedbackSaveParams }
  /** Sends feedback to the configured server. */
  | { id: RequestId; method: "feedback/upload"; params: FeedbackUploadParams };

// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { AgentMessageDelivery } from "./AgentMessageDelivery";
import type { AgentMessageModeration } from "./AgentMessageModeration";
import type { AsyncUserInputQuestion } from "./AsyncUserInputQuestion";
import type { CollabAgentState } from "./CollabAgentState";
import type { CollabAgentTool } from "./CollabAgentTool";
import type { CollabAgentToolCallStatus } from "./CollabAgentToolCallStatus";
import type { CommandAction } from "./CommandAction";
import type { CommandExecutionSource } from "./CommandExecutionSource";
import type { CommandExecutionStatus } from "./CommandExecutionStatus";
import type { DynamicToolCallOutputContentItem } from "./DynamicToolCallOutputContentItem";
import type { DynamicToolCallStatus } from "./DynamicToolCallStatus";
import type { FileUpdateChange } from "./FileUpdateChange";
import type { FunctionCallOutputBody } from "../FunctionCallOutputBody";
import type { HookPromptFragment } from "./HookPromptFragment";
import type { ImageGenerationFailure } from "../ImageGenerationFailure";
import type { ImageGenerationInputImage } from "../ImageGenerationInputImage";
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { McpAppUi } from "./McpAppUi";
import type { McpToolCallAppContext } from "./McpToolCallAppContext";
import type { McpToolCallError } from "./McpToolCallError";
import type { McpToolCallResult } from "./McpToolCallResult";
import type { McpToolCallStatus } from "./McpToolCallStatus";
import type { MemoryCitation } from "./MemoryCitation";
import type { MessagePhase } from "../MessagePhase";
import type { PatchApplyStatus } from "./PatchApplyStatus";
import type { ReasoningEffort } from "../ReasoningEffort";
import type { SubAgentActivityKind } from "./SubAgentActivityKind";
import type { UserInput } from "./UserInput";
import type { WebSearchAction } from "../WebSearchAction";
import type { JsonValue } from "../serde_json/JsonValue";

/** One thing that was said or done in a turn. */
export type ThreadItem = {
  /** When it ended, in Unix milliseconds; null until then. */
  completedAtMs: number | null;
  /** When it began, in Unix milliseconds. */
  startedAtMs: number | null;
} & (
  /** The user said something. */
  | {
    /** The `clientUserMessageId` that the client gave. */
    clientId: string | null;
    content: Array<UserInput>;
    id: string;
    type: "userMessage";
  }
  /** A hook said something to the model. */
  | {
    /** What was said, hook by hook. */
    fragments: Array<HookPromptFragment>;
    id: string;
    type: "hookPrompt";
  }
  /** The agent said something. */
  | {
    /** How it reaches the user; null is the usual way. */
    delivery: AgentMessageDelivery | null;
    id: string;
    /** Memories that it rests on. */
    memoryCitation: MemoryCitation | null;
    /** What moderation did with it. */
    moderation: AgentMessageModeration | null;
    /** Whether it is a remark on the way or the answer. */
    phase: MessagePhase | null;
    /** Questions that the user may answer later. */
    questions: Array<AsyncUserInputQuestion> | null;
    text: string;
    type: "agentMessage";
  }
  /** The client handed in the output of a tool. */
  | {
    id: string;
    /** Name of the tool. */
    name: string;
    /** Namespace of the tool, if it has one. */
    namespace: string | null;
    output: FunctionCallOutputBody;
    type: "functionCallOutput";
  }
  /** The agent proposed a plan. */
  | {
    id: string;
    /** The plan, in Markdown. */
    text: string;
    type: "plan";
  }
  | {
    /** Raw thoughts, part by part, where the model shows them. */
    content: Array<string>;
    id: string;
    /** Summary, section by section. */
    summary: Array<string>;
    type: "reasoning";
  }
  | {
    /** What it wrote, both streams as they came; null while it runs or when it was silent. */
    aggregatedOutput: string | null;
    command: string;
    /** What its parts do, as far as can be told. */
    commandActions: Array<CommandAction>;
    cwd: LegacyAppPathString;
    /** How long it ran, in milliseconds; null while it runs. */
    durationMs: number | null;
    /** Exit code; null while it runs and when it was refused. */
    exitCode: number | null;
    id: string;
    /** Plugin that it belongs to, if it comes from one. */
    pluginId: string | null;
    /** Terminal session, while there is one. */
    processId: string | null;
    /** Path of the script inside its plugin, if it comes from one. */
    scriptPath: string | null;
    source: CommandExecutionSource;
    status: CommandExecutionStatus;
    type: "commandExecution";
  }
  | {
    /** What changes, file by file. */
    changes: Array<FileUpdateChange>;
    id: string;
    status: PatchApplyStatus;
    type: "fileChange";
  }
  /** A tool of a tool server was called. */
  | {
    /** The app that the tool belongs to. */
    appContext: McpToolCallAppContext | null;
    /** Its arguments, any JSON. */
    arguments: JsonValue;
    /** How long it took, in milliseconds; null while it runs. */
    durationMs: number | null;
    /** Environment of the tool server; null for one of the whole thread. */
    environmentId: string | null;
    /** What went wrong, if anything. */
    error: McpToolCallError | null;
    id: string;
    /** What to show for it, under its former name. */
    mcpAppResourceUri?: string | null;
    /** What to show for it. */
    mcpAppUi: McpAppUi | null;
    /** Plugin that it belongs to, if it comes from one. */
    pluginId: string | null;
    /** The server says that it changes nothing. */
    readOnlyHint: boolean | null;
    result: McpToolCallResult | null;
    /** Name of the tool server. */
    server: string;
    status: McpToolCallStatus;
    /** Name of the tool. */
    tool: string;
    type: "mcpToolCall";
  }
  /** A tool of the client was called. */
  | {
    /** Its arguments, any JSON. */
    arguments: JsonValue;
    contentItems: Array<DynamicToolCallOutputContentItem> | null;
    /** How long it took, in milliseconds; null while it runs. */
    durationMs: number | null;
    id: string;
    /** Namespace of the tool, if it has one. */
    namespace: string | null;
    status: DynamicToolCallStatus;
    /** Whether it went well. */
    success: boolean | null;
    /** Name of the tool. */
    tool: string;
    type: "dynamicToolCall";
  }
  /** The agent dealt with another agent. */
  | {
    /** How the other agents stand, by thread id. */
    agentsStates: { [key: string]: CollabAgentState };
    id: string;
    /** Model that was asked for. */
    model: string | null;
    /** What was said to the other agent. */
    prompt: string | null;
    /** Reasoning effort that was asked for. */
    reasoningEffort: ReasoningEffort | null;
    /** Threads of the agents that it was about. */
    receiverThreadIds: Array<string>;
    /** Thread of the agent that called. */
    senderThreadId: string;
    status: CollabAgentToolCallStatus;
    tool: CollabAgentTool;
    type: "collabAgentToolCall";
  }
  /** Another agent began, went on or ended. */
  | {
    /** Where it stands below the root thread. */
    agentPath: string;
    agentThreadId: string;
    id: string;
    kind: SubAgentActivityKind;
    /** Its model, when it began. */
    model: string | null;
    /** Its reasoning effort, when it began. */
    reasoningEffort: ReasoningEffort | null;
    type: "subAgentActivity";
  }
  /** The model searched the web. */
  | {
    /** What it did, in detail. */
    action: WebSearchAction | null;
    id: string;
    /** What it looked for. */
    query: string;
    /** What it found, as the model server tells it. */
    results: Array<JsonValue> | null;
    type: "webSearch";
  }
  /** The agent looked at an image. */
  | {
    id: string;
    path: LegacyAppPathString;
    type: "imageView";
  }
  | {
    /** How long, in milliseconds. */
    durationMs: number;
    id: string;
    type: "sleep";
  }
  /** The model made an image. */
  | {
    /** Why there is none. */
    failure: ImageGenerationFailure | null;
    /** Id of the image at the model server. */
    generationId: string | null;
    id: string;
    /** Images that it was made from. */
    inputImages?: Array<ImageGenerationInputImage>;
    /** What was drawn, in words of the model. */
    revisedPrompt: string | null;
    /** Where it was saved. */
    savedPath: AbsolutePathBuf | null;
    status: string;
    /** Whether its background is transparent. */
    transparentBackground: boolean | null;
    type: "imageGeneration";
  } & (
    | {
      /** The image in the provider's file store. */
      fileId: string;
    }
    | {
      /** The image in Base64, in place of `file_id`. */
      result: string;
    })
  | {
    id: string;
    review: string;
    type: "enteredReviewMode";
  }
  | {
    id: string;
    review: string;
    type: "exitedReviewMode";
  }
  /** The history was summed up. */
  | {
    id: string;
    type: "contextCompaction";
  });

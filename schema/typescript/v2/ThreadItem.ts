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
    /** What was said. */
    content: Array<UserInput>;
    /** Its id. */
    id: string;
    type: "userMessage";
  }
  /** A hook said something to the model. */
  | {
    /** What was said, hook by hook. */
    fragments: Array<HookPromptFragment>;
    /** Its id. */
    id: string;
    type: "hookPrompt";
  }
  /** The agent said something. */
  | {
    /** How it reaches the user; null is the usual way. */
    delivery: AgentMessageDelivery | null;
    /** Its id. */
    id: string;
    /** Memories that it rests on. */
    memoryCitation: MemoryCitation | null;
    /** What moderation did with it. */
    moderation: AgentMessageModeration | null;
    /** Whether it is a remark on the way or the answer. */
    phase: MessagePhase | null;
    /** Questions that the user may answer later. */
    questions: Array<AsyncUserInputQuestion> | null;
    /** The text. */
    text: string;
    type: "agentMessage";
  }
  /** The client handed in the output of a tool. */
  | {
    /** Its id. */
    id: string;
    /** Name of the tool. */
    name: string;
    /** Namespace of the tool, if it has one. */
    namespace: string | null;
    /** The output. */
    output: FunctionCallOutputBody;
    type: "functionCallOutput";
  }
  /** The agent proposed a plan. */
  | {
    /** Its id. */
    id: string;
    /** The plan, in Markdown. */
    text: string;
    type: "plan";
  }
  /** The agent thought. */
  | {
    /** Raw thoughts, part by part, where the model shows them. */
    content: Array<string>;
    /** Its id. */
    id: string;
    /** Summary, section by section. */
    summary: Array<string>;
    type: "reasoning";
  }
  /** A command ran. */
  | {
    /** What it wrote, both streams as they came; null while it runs or when it was silent. */
    aggregatedOutput: string | null;
    /** The command line. */
    command: string;
    /** What its parts do, as far as can be told. */
    commandActions: Array<CommandAction>;
    /** Working folder. */
    cwd: LegacyAppPathString;
    /** How long it ran, in milliseconds; null while it runs. */
    durationMs: number | null;
    /** Exit code; null while it runs and when it was refused. */
    exitCode: number | null;
    /** Its id. */
    id: string;
    /** Plugin that it belongs to, if it comes from one. */
    pluginId: string | null;
    /** Terminal session, while there is one. */
    processId: string | null;
    /** Path of the script inside its plugin, if it comes from one. */
    scriptPath: string | null;
    /** Who started it. */
    source: CommandExecutionSource;
    /** How it stands. */
    status: CommandExecutionStatus;
    type: "commandExecution";
  }
  /** Files were changed. */
  | {
    /** What changes, file by file. */
    changes: Array<FileUpdateChange>;
    /** Its id. */
    id: string;
    /** How it stands. */
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
    /** Its id. */
    id: string;
    /** What to show for it, under its former name. */
    mcpAppResourceUri?: string | null;
    /** What to show for it. */
    mcpAppUi: McpAppUi | null;
    /** Plugin that it belongs to, if it comes from one. */
    pluginId: string | null;
    /** The server says that it changes nothing. */
    readOnlyHint: boolean | null;
    /** What it returned. */
    result: McpToolCallResult | null;
    /** Name of the tool server. */
    server: string;
    /** How it stands. */
    status: McpToolCallStatus;
    /** Name of the tool. */
    tool: string;
    type: "mcpToolCall";
  }
  /** A tool of the client was called. */
  | {
    /** Its arguments, any JSON. */
    arguments: JsonValue;
    /** What it returned. */
    contentItems: Array<DynamicToolCallOutputContentItem> | null;
    /** How long it took, in milliseconds; null while it runs. */
    durationMs: number | null;
    /** Its id. */
    id: string;
    /** Namespace of the tool, if it has one. */
    namespace: string | null;
    /** How it stands. */
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
    /** Its id. */
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
    /** How it stands. */
    status: CollabAgentToolCallStatus;
    /** What it did. */
    tool: CollabAgentTool;
    type: "collabAgentToolCall";
  }
  /** Another agent began, went on or ended. */
  | {
    /** Where it stands below the root thread. */
    agentPath: string;
    /** Its thread. */
    agentThreadId: string;
    /** Its id. */
    id: string;
    /** What happened. */
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
    /** Its id. */
    id: string;
    /** What it looked for. */
    query: string;
    /** What it found, as the model server tells it. */
    results: Array<JsonValue> | null;
    type: "webSearch";
  }
  /** The agent looked at an image. */
  | {
    /** Its id. */
    id: string;
    /** Its path. */
    path: LegacyAppPathString;
    type: "imageView";
  }
  /** The agent waited. */
  | {
    /** How long, in milliseconds. */
    durationMs: number;
    /** Its id. */
    id: string;
    type: "sleep";
  }
  /** The model made an image. */
  | {
    /** Why there is none. */
    failure: ImageGenerationFailure | null;
    /** Id of the image at the model server. */
    generationId: string | null;
    /** Its id. */
    id: string;
    /** Images that it was made from. */
    inputImages?: Array<ImageGenerationInputImage>;
    /** What was drawn, in words of the model. */
    revisedPrompt: string | null;
    /** Where it was saved. */
    savedPath?: AbsolutePathBuf | null;
    /** How it stands. */
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
  /** A review began. */
  | {
    /** Its id. */
    id: string;
    /** What is reviewed. */
    review: string;
    type: "enteredReviewMode";
  }
  /** A review ended. */
  | {
    /** Its id. */
    id: string;
    /** The review. */
    review: string;
    type: "exitedReviewMode";
  }
  /** The history was summed up. */
  | {
    /** Its id. */
    id: string;
    type: "contextCompaction";
  });

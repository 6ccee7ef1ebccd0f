// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { HookEventName } from "./HookEventName";
import type { HookSource } from "./HookSource";
import type { HookTrustStatus } from "./HookTrustStatus";

/** A configured hook. */
export type HookMetadata = {
  /** Tokens of its context that reach the model. */
  additionalContextLimit: number | null;
  /** Identifies what it does: a client that trusts it keeps this in `hooks.state`. */
  currentHash: string;
  /** Its place among all hooks. */
  displayOrder: number;
  /** It is not switched off. */
  enabled: boolean;
  /** The environment that it runs in; null is this machine. */
  environmentId: string | null;
  /** When it runs. */
  eventName: HookEventName;
  /** The administrator has set it up. */
  isManaged: boolean;
  /** Names it: file, event, position. */
  key: string;
  /** What it is limited to. */
  matcher: string | null;
  /** The plugin that it belongs to. */
  pluginId: string | null;
  /** The layer that it is in. */
  source: HookSource;
  /** The file that it is in. */
  sourcePath: AbsolutePathBuf;
  /** What to show while it runs. */
  statusMessage: string | null;
  /** How long it may take, in seconds. */
  timeoutSec: number;
  /** Whether it may run. */
  trustStatus: HookTrustStatus;
} & (
  /** Runs a command. */
  | {
    /** Nobody waits for it. */
    async: boolean;
    /** The command. */
    command: string;
    handlerType: "command";
  }
  /** Calls a tool of an MCP server. */
  | {
    handlerType: "mcpTool";
    /** The server. */
    server: string;
    /** The tool. */
    tool: string;
  }
  /** Asks a model; not supported. */
  | {
    handlerType: "prompt";
  }
  /** Asks an agent; not supported. */
  | {
    handlerType: "agent";
  });

// Generated from the protocol crate. Do not edit.
import type { HookEventName } from "./HookEventName";
import type { HookExecutionMode } from "./HookExecutionMode";
import type { HookHandlerType } from "./HookHandlerType";
import type { HookOutputEntry } from "./HookOutputEntry";
import type { HookRunStatus } from "./HookRunStatus";
import type { HookScope } from "./HookScope";
import type { HookSource } from "./HookSource";
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** A run of a hook. */
export type HookRunSummary = {
  /** Unix seconds. */
  completedAt: number | null;
  /** The hook's place among all hooks. */
  displayOrder: number;
  /** How long it took. */
  durationMs: number | null;
  /** What came of it. */
  entries: Array<HookOutputEntry>;
  /** When the hook runs. */
  eventName: HookEventName;
  /** Whether somebody waits for it. */
  executionMode: HookExecutionMode;
  /** What it is. */
  handlerType: HookHandlerType;
  /** Names it, within its turn. */
  id: string;
  /** What it belongs to. */
  scope: HookScope;
  /** The layer that the hook is in. */
  source: HookSource;
  /** The file that the hook is in. */
  sourcePath: LegacyAppPathString;
  /** Unix seconds. */
  startedAt: number;
  /** How it stands. */
  status: HookRunStatus;
  /** What to show while it runs. */
  statusMessage: string | null;
};

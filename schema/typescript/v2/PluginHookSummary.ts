// Generated from the protocol crate. Do not edit.
import type { HookEventName } from "./HookEventName";

/** A hook of a plugin. */
export type PluginHookSummary = {
  /** When it runs. */
  eventName: HookEventName;
  /** Names it. */
  key: string;
};

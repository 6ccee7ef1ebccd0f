// Generated from the protocol crate. Do not edit.
import type { HookOutputEntryKind } from "./HookOutputEntryKind";

/** A line about a run. */
export type HookOutputEntry = {
  /** What it is. */
  kind: HookOutputEntryKind;
  /** The text. */
  text: string;
};

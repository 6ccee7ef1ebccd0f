// Generated from the protocol crate. Do not edit.
import type { MergeStrategy } from "./MergeStrategy";
import type { JsonValue } from "../serde_json/JsonValue";

/** What to do with one key. */
export type ConfigEdit = {
  /** Dotted names; those with dots in double quotes. */
  keyPath: string;
  /** What becomes of tables that are there. */
  mergeStrategy: MergeStrategy;
  /** What it is to be; null removes it. */
  value: JsonValue;
};

// Generated from the protocol crate. Do not edit.
import type { MergeStrategy } from "./MergeStrategy";
import type { JsonValue } from "../serde_json/JsonValue";

/** Sets or removes one key. */
export type ConfigValueWriteParams = {
  /** The version of the user's layer that the client has seen; another one is a conflict. */
  expectedVersion?: string | null;
  /** The file; only the user's can be written. */
  filePath?: string | null;
  /** Dotted names; those with dots in double quotes. */
  keyPath: string;
  /** What becomes of tables that are there. */
  mergeStrategy: MergeStrategy;
  /** What it is to be; null removes it. A mask leaves the secret that it stands for as it is. */
  value: JsonValue;
};

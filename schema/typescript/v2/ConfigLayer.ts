// Generated from the protocol crate. Do not edit.
import type { ConfigLayerSource } from "./ConfigLayerSource";
import type { JsonValue } from "../serde_json/JsonValue";

/** A layer of the configuration. */
export type ConfigLayer = {
  /** What it says; secrets are masked. */
  config: JsonValue;
  /** Why it does not count, if so. */
  disabledReason?: string | null;
  /** Which layer. */
  name: ConfigLayerSource;
  /** Changes whenever what it says changes. */
  version: string;
};

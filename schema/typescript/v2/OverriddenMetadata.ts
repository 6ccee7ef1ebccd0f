// Generated from the protocol crate. Do not edit.
import type { ConfigLayerMetadata } from "./ConfigLayerMetadata";
import type { JsonValue } from "../serde_json/JsonValue";

/** Why something that was written does not hold. */
export type OverriddenMetadata = {
  /** What holds. */
  effectiveValue: JsonValue;
  /** For people. */
  message: string;
  /** The layer that wins. */
  overridingLayer: ConfigLayerMetadata;
};

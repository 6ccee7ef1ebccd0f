// Generated from the protocol crate. Do not edit.
import type { Config } from "./Config";
import type { ConfigLayer } from "./ConfigLayer";
import type { ConfigLayerMetadata } from "./ConfigLayerMetadata";

/** The configuration that holds. */
export type ConfigReadResponse = {
  /** Every known key, null where nothing is set and there is no default. Secrets are masked. */
  config: Config;
  /** The layers, the highest first; absent unless asked for. */
  layers?: Array<ConfigLayer> | null;
  /** Dotted path of a value that is set → the layer that it comes from. Members of lists have numbers. */
  origins: { [key: string]: ConfigLayerMetadata };
};

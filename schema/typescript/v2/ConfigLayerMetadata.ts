// Generated from the protocol crate. Do not edit.
import type { ConfigLayerSource } from "./ConfigLayerSource";

/** A layer, without what it says. */
export type ConfigLayerMetadata = {
  /** Which layer. */
  name: ConfigLayerSource;
  /** Changes whenever what it says changes. */
  version: string;
};

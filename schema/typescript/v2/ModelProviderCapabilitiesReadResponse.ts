// Generated from the protocol crate. Do not edit.

/** What a provider can do. */
export type ModelProviderCapabilitiesReadResponse = {
  /** Whether it makes images. */
  imageGeneration: boolean;
  /** Whether it searches the web. */
  webSearch: boolean;
};

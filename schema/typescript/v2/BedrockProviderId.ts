// Generated from the protocol crate. Do not edit.

/** A service of Amazon Bedrock. */
export type BedrockProviderId =
  /** The service with the Responses API. */
  | "amazon-bedrock"
  /** The runtime. */
  | "amazon-bedrock-runtime";

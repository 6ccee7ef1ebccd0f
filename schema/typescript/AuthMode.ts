// Generated from the protocol crate. Do not edit.

/** A way to sign in. */
export type AuthMode =
  /** An API key. */
  | "apikey"
  /** A ChatGPT account. */
  | "chatgpt"
  /** ChatGPT tokens that the client owns. */
  | "chatgptAuthTokens"
  /** Headers that the client gives. */
  | "headers"
  /** The identity of an agent. */
  | "agentIdentity"
  /** A personal access token. */
  | "personalAccessToken"
  /** An API key of Amazon Bedrock. */
  | "bedrockApiKey"
  /** Access keys of Amazon. */
  | "bedrockAccessKeys";

// Generated from the protocol crate. Do not edit.

/** Token counts. */
export type TokenUsageBreakdown = {
  /** Input tokens that were put into the cache. */
  cacheWriteInputTokens: number;
  /** Input tokens that came from the model server's cache. */
  cachedInputTokens: number;
  /** Input tokens, cached ones included. */
  inputTokens: number;
  /** Output tokens, reasoning included. */
  outputTokens: number;
  /** Output tokens spent on reasoning. */
  reasoningOutputTokens: number;
  /** Input and output. */
  totalTokens: number;
};

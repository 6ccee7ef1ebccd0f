// Generated from the protocol crate. Do not edit.

/** What a thread cost with one model. */
export type ThreadUsageBreakdownGroup = {
  /** Input tokens that came from the cache. */
  cachedInputTokens: number | null;
  /** Credits, about, in millionths. */
  estimatedUsageCreditsMicros: number;
  /** Input tokens. */
  inputTokens: number | null;
  /** Model slug. */
  model: string | null;
  /** Input tokens that did not come from the cache. */
  netNewInputTokens: number | null;
  /** Output tokens. */
  outputTokens: number | null;
  /** How hard the model thought. */
  reasoningEffort: string | null;
  /** Service speed. */
  speed: string | null;
  /** All tokens. */
  totalTokens: number | null;
};

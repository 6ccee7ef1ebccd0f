// Generated from the protocol crate. Do not edit.

/** What a thread cost with one model. */
export type ThreadUsageBreakdownGroup = {
  /** Input tokens that came from the cache. */
  cachedInputTokens: number | null;
  /** Credits, about, in millionths. */
  estimatedUsageCreditsMicros: number;
  inputTokens: number | null;
  model: string | null;
  /** Input tokens that did not come from the cache. */
  netNewInputTokens: number | null;
  outputTokens: number | null;
  /** How hard the model thought. */
  reasoningEffort: string | null;
  speed: string | null;
  totalTokens: number | null;
};

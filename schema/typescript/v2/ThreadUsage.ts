// Generated from the protocol crate. Do not edit.
import type { ThreadUsageBreakdownGroup } from "./ThreadUsageBreakdownGroup";

/** What a thread cost. */
export type ThreadUsage = {
  /** Credits, about, in millionths. */
  estimatedUsageCreditsMicros: number;
  /** US dollars, about, in millionths. */
  estimatedUsageUsdMicros: number | null;
  /** By model. */
  groups: Array<ThreadUsageBreakdownGroup>;
  /** US dollars as billed, in millionths. */
  nativeUsageUsdMicros: number | null;
  /** The thread. */
  threadId: string;
};

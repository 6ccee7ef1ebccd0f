// Generated from the protocol crate. Do not edit.

/** A place in a distributed trace (W3C Trace Context). */
export type W3cTraceContext = {
  traceparent?: string | null;
  tracestate?: string | null;
};

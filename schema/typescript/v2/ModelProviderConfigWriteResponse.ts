// Generated from the protocol crate. Do not edit.
import type { ModelProviderSummary } from "./ModelProviderSummary";

/** The provider as it is now. */
export type ModelProviderConfigWriteResponse = {
  /** The provider. */
  provider: ModelProviderSummary;
};

// Generated from the protocol crate. Do not edit.
import type { ModelProviderSummary } from "./ModelProviderSummary";

/** The model providers. */
export type ModelProviderListResponse = {
  /** Whether another one can be chosen. */
  canChangeDefault: boolean;
  /** All of them, by id. */
  data: Array<ModelProviderSummary>;
  /** The one that new threads use. */
  defaultProviderId: string;
};

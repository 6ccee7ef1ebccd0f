// Generated from the protocol crate. Do not edit.
import type { ProviderSettingsPatch } from "./ProviderSettingsPatch";

/** Adds or changes a provider. */
export type ModelProviderConfigWriteParams = {
  /** The provider, and what to change. */
  settings: ProviderSettingsPatch;
};

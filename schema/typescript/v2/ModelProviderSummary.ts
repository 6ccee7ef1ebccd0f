// Generated from the protocol crate. Do not edit.
import type { ProviderSettings } from "./ProviderSettings";

/** A model provider. */
export type ModelProviderSummary = {
  /** Root of its API; null where that follows from the account. */
  baseUrl: string | null;
  /** Whether `modelProvider/config/write` can change it. */
  canEdit: boolean;
  /** Its key in the configuration. */
  id: string;
  /** Its name, for people. */
  name: string;
  /** What kind of provider it is. */
  settings: ProviderSettings;
};

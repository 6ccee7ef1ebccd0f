// Generated from the protocol crate. Do not edit.

/** Chooses the provider of new threads. */
export type ModelProviderDefaultSetParams = {
  /** The provider. */
  providerId: string;
};

// Generated from the protocol crate. Do not edit.

/** A marketplace to remove. */
export type MarketplaceRemoveParams = {
  /** Name of the marketplace. */
  marketplaceName: string;
};

// Generated from the protocol crate. Do not edit.

/** A marketplace that was not fetched. */
export type MarketplaceUpgradeErrorInfo = {
  /** Name of the marketplace. */
  marketplaceName: string;
  /** What is wrong. */
  message: string;
};

// Generated from the protocol crate. Do not edit.

/** Which marketplaces to fetch again. */
export type MarketplaceUpgradeParams = {
  /** This one; absent for all that come from repositories. */
  marketplaceName?: string | null;
};

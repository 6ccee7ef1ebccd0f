// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { MarketplaceUpgradeErrorInfo } from "./MarketplaceUpgradeErrorInfo";

/** What became of them. */
export type MarketplaceUpgradeResponse = {
  /** What went wrong with some. */
  errors: Array<MarketplaceUpgradeErrorInfo>;
  /** Those that were looked at. */
  selectedMarketplaces: Array<string>;
  /** Folders of those that have changed. */
  upgradedRoots: Array<AbsolutePathBuf>;
};

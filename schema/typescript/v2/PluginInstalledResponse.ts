// Generated from the protocol crate. Do not edit.
import type { MarketplaceLoadErrorInfo } from "./MarketplaceLoadErrorInfo";
import type { PluginMarketplaceEntry } from "./PluginMarketplaceEntry";

/** Installed plugins, by marketplace. */
export type PluginInstalledResponse = {
  /** Marketplaces that could not be read. */
  marketplaceLoadErrors: Array<MarketplaceLoadErrorInfo>;
  /** By the path of their lists. */
  marketplaces: Array<PluginMarketplaceEntry>;
};

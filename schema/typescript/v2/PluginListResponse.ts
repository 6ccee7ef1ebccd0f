// Generated from the protocol crate. Do not edit.
import type { MarketplaceLoadErrorInfo } from "./MarketplaceLoadErrorInfo";
import type { PluginMarketplaceEntry } from "./PluginMarketplaceEntry";

/** Plugins on offer. */
export type PluginListResponse = {
  /** Those that an account is pointed to. */
  featuredPluginIds: Array<string>;
  /** Marketplaces that could not be read. */
  marketplaceLoadErrors: Array<MarketplaceLoadErrorInfo>;
  /** By the path of their lists. */
  marketplaces: Array<PluginMarketplaceEntry>;
};

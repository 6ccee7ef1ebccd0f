// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { MarketplaceInterface } from "./MarketplaceInterface";
import type { PluginSummary } from "./PluginSummary";

/** A marketplace. */
export type PluginMarketplaceEntry = {
  /** How it is shown. */
  interface: MarketplaceInterface | null;
  /** Its name. */
  name: string;
  /** Its list, a file; null for one of an account. */
  path: AbsolutePathBuf | null;
  /** In its order. */
  plugins: Array<PluginSummary>;
};

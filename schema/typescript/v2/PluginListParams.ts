// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { PluginListMarketplaceKind } from "./PluginListMarketplaceKind";

/** Which plugins to list. */
export type PluginListParams = {
  /** Folders whose marketplaces count, too. */
  cwds?: Array<AbsolutePathBuf> | null;
  /** Whether nothing that is kept counts. */
  forceRefetch?: boolean;
  /** Only marketplaces of these kinds; absent for all. */
  marketplaceKinds?: Array<PluginListMarketplaceKind> | null;
};

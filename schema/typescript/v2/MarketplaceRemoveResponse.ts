// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** It is gone. */
export type MarketplaceRemoveResponse = {
  /** The copy of its repository, which is gone, too. */
  installedRoot: AbsolutePathBuf | null;
  /** Name of the marketplace. */
  marketplaceName: string;
};

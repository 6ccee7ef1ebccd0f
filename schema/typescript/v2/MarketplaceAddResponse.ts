// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** It is there. */
export type MarketplaceAddResponse = {
  /** It was there before. */
  alreadyAdded: boolean;
  /** Its folder. */
  installedRoot: AbsolutePathBuf;
  /** Name of the marketplace. */
  marketplaceName: string;
};

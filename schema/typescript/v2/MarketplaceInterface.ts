// Generated from the protocol crate. Do not edit.

/** How a marketplace is shown. */
export type MarketplaceInterface = {
  /** Name for people. */
  displayName: string | null;
};

// Generated from the protocol crate. Do not edit.
import type { AppInfo } from "./AppInfo";

/** A page of apps. */
export type AppsListResponse = {
  /** The page. */
  data: Array<AppInfo>;
  /** Where the next page begins; null on the last page. */
  nextCursor: string | null;
};

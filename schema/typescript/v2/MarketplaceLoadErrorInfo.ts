// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** A marketplace that could not be read. */
export type MarketplaceLoadErrorInfo = {
  /** Its list. */
  marketplacePath: AbsolutePathBuf;
  /** What is wrong. */
  message: string;
};

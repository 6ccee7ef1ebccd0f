// Generated from the protocol crate. Do not edit.
import type { FunctionCallOutputContentItem } from "./FunctionCallOutputContentItem";

/** What a tool returned. */
export type FunctionCallOutputBody =
  /** As text. */
  | string
  /** As pieces. */
  | Array<FunctionCallOutputContentItem>;

// Generated from the protocol crate. Do not edit.
import type { Model } from "./Model";

/** A page of models. */
export type ModelListResponse = {
  /** The page. */
  data: Array<Model>;
  /** Where the next page begins; null on the last page. */
  nextCursor: string | null;
};

// Generated from the protocol crate. Do not edit.
import type { TextRange } from "./TextRange";

/** Something is wrong with the configuration. */
export type ConfigWarningNotification = {
  /** More about it, if there is more. */
  details: string | null;
  /** The file. */
  path?: string | null;
  /** Where in the file. */
  range?: TextRange | null;
  /** One line about it, for people. */
  summary: string;
};

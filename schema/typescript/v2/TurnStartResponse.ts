// Generated from the protocol crate. Do not edit.
import type { Turn } from "./Turn";

/** The turn that was started, or that takes the input. */
export type TurnStartResponse = {
  /** The turn. */
  turn: Turn;
};

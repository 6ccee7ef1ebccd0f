// Generated from the protocol crate. Do not edit.
import type { Turn } from "./Turn";

/** The review has begun. */
export type ReviewStartResponse = {
  /** The thread that it takes place in: the one that was named. */
  reviewThreadId: string;
  /** Its turn, with what is reviewed as the user's message. */
  turn: Turn;
};

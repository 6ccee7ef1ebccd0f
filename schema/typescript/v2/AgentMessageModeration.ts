// Generated from the protocol crate. Do not edit.
import type { AgentMessageDisplay } from "./AgentMessageDisplay";

/** What moderation did with a message. */
export type AgentMessageModeration = {
  /** What to show in its place. */
  display: AgentMessageDisplay | null;
  /** Whether it did anything. */
  moderated: boolean;
};

// Generated from the protocol crate. Do not edit.
import type { ThreadUnreadPosition } from "./ThreadUnreadPosition";

/** What the user has read of a thread. */
export type ThreadReadState = {
  /** Where the unread part begins; null when all is read. */
  firstUnread: ThreadUnreadPosition | null;
  /** Changes with every change; what updates are checked against. */
  revision: string;
};

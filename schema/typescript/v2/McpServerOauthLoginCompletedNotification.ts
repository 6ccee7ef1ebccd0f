// Generated from the protocol crate. Do not edit.

/** A sign-in to a tool server has ended. */
export type McpServerOauthLoginCompletedNotification = {
  /** Why not. */
  error?: string | null;
  /** Names the sign-in. */
  loginId: string | null;
  /** The server. */
  name: string;
  /** Whether the user is signed in. */
  success: boolean;
  /** The thread that it was asked for. */
  threadId: string | null;
};

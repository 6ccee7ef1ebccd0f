// Generated from the protocol crate. Do not edit.

/** What to show in place of a moderated message. */
export type AgentMessageDisplay = {
  /** What the user can do, in words of the model server. */
  action: string;
  /** What kind of block, in words of the model server. */
  blockType: string | null;
  /** Whether to point at trusted contacts. */
  checkTrustedContacts: boolean | null;
  /** Whether verified access would lift the block. */
  cyberTrustedAccess: boolean | null;
};

// Generated from the protocol crate. Do not edit.

/** When to ask before a command runs or a file changes. */
export type AskForApproval =
  /** Ask for all but commands that are known to be harmless. */
  | "untrusted"
  /** Ask when the model asks for it, or when the sandbox stands in the way. */
  | "on-request"
  /** Do not ask; what is not allowed fails. */
  | "never"
  /** Choose for each kind of question; a kind that is off is refused without asking. */
  | {
    granular: {
      /** Questions of tool servers. */
      mcp_elicitations: boolean;
      /** Questions of the model for more permissions. */
      request_permissions: boolean;
      /** Questions that a rule demands. */
      rules: boolean;
      /** Questions to leave the sandbox. */
      sandbox_approval: boolean;
      /** Questions before a skill's script runs. */
      skill_approval: boolean;
    };
  };

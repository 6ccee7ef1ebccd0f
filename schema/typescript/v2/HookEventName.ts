// Generated from the protocol crate. Do not edit.

/** When hooks run. */
export type HookEventName =
  /** Before a request to the model. */
  | "preModelRequest"
  /** After it. */
  | "postModelRequest"
  /** Before a tool runs. */
  | "preToolUse"
  /** Before an approval is asked for. */
  | "permissionRequest"
  /** After a tool has run. */
  | "postToolUse"
  /** Before the history is summed up. */
  | "preCompact"
  /** After it. */
  | "postCompact"
  /** When a thread begins to work. */
  | "sessionStart"
  /** When a thread is unloaded. */
  | "sessionEnd"
  /** When the user says something. */
  | "userPromptSubmit"
  /** When an agent begins to work. */
  | "subagentStart"
  /** When it has nothing more to do. */
  | "subagentStop"
  /** When the model has nothing more to do. */
  | "stop"
  /** When a turn is interrupted. */
  | "interrupt";

// Generated from the protocol crate. Do not edit.
import type { UserInput } from "./UserInput";

/** Adds input to the running turn. */
export type TurnSteerParams = {
  /** Comes back as `clientId` of the user message item. */
  clientUserMessageId?: string | null;
  /** The turn that the client believes to be running. */
  expectedTurnId: string;
  /** What the user says. */
  input: Array<UserInput>;
  /** The thread. */
  threadId: string;
};

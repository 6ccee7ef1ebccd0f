// Generated from the protocol crate. Do not edit.

/** The model server holds its answer back for a check. */
export type ModelSafetyBufferingUpdatedNotification = {
  /** A model that would not have to wait. */
  fasterModel: string | null;
  /** The model that was asked. */
  model: string;
  /** Why, as the model server names it. */
  reasons: Array<string>;
  /** Whether to show it. */
  showBufferingUi: boolean;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
  /** What for, as the model server names it. */
  useCases: Array<string>;
};

// Generated from the protocol crate. Do not edit.

/** Apps to read. */
export type AppsReadParams = {
  /** Their ids. */
  appIds: Array<string>;
  /** Whether their tools are told, too. */
  includeTools?: boolean;
  /** The thread that they are for. */
  threadId?: string | null;
};

// Generated from the protocol crate. Do not edit.

/** Outputs to leave out; `thread/items/read` brings them. */
export type ThreadItemOutputDeferral = {
};

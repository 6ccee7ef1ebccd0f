// Generated from the protocol crate. Do not edit.
import type { JSONRPCErrorError } from "./JSONRPCErrorError";
import type { RequestId } from "./RequestId";

/** A request failed. */
export type JSONRPCError = {
  error: JSONRPCErrorError;
  id: RequestId;
};

// Generated from the protocol crate. Do not edit.
import type { McpElicitationSchema } from "./McpElicitationSchema";
import type { JsonValue } from "../serde_json/JsonValue";

/** A question about a tool server, or of one. */
export type McpServerElicitationRequestParams = {
  /** The environment that it belongs to; null is the thread as a whole. */
  environmentId: string | null;
  /** The server. */
  serverName: string;
  /** The thread. */
  threadId: string;
  /** The turn; null if it belongs to none. */
  turnId: string | null;
} & (
  /** To prove who they are; never asked here. */
  | {
    /** Metadata. */
    _meta: JsonValue;
    /** What is to be signed. */
    challenge: string;
    /** What it is for. */
    description: string;
    mode: "openai/userVerification";
    /** Its heading. */
    title: string;
  }
  /** To fill in a form. */
  | {
    /** Metadata; of the approval of a tool call, if it is one. */
    _meta: JsonValue;
    /** What for. */
    message: string;
    mode: "form";
    /** The form. */
    requestedSchema: McpElicitationSchema;
  }
  /** To fill in a form of another kind; never asked here. */
  | {
    /** Metadata. */
    _meta: JsonValue;
    /** What for. */
    message: string;
    mode: "openai/form";
    /** The form. */
    requestedSchema: JsonValue;
  }
  /** The same under its former name; never asked here. */
  | {
    /** Metadata. */
    _meta: JsonValue;
    /** What for. */
    message: string;
    mode: "openaiForm";
    /** The form. */
    requestedSchema: JsonValue;
  }
  /** To visit a page. */
  | {
    /** Metadata. */
    _meta: JsonValue;
    /** The server's name for the question. */
    elicitationId: string;
    /** What for. */
    message: string;
    mode: "url";
    /** The page. */
    url: string;
  });

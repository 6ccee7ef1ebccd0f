// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** A configuration: the keys of `config.toml`, as they are written there. */
export type Config = { [key: string]: JsonValue };

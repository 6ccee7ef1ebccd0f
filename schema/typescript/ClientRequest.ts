// Generated from the protocol crate. Do not edit.
import type { ExperimentalFeatureEnablementSetParams } from "./v2/ExperimentalFeatureEnablementSetParams";
import type { ExperimentalFeatureListParams } from "./v2/ExperimentalFeatureListParams";
import type { InitializeParams } from "./InitializeParams";
import type { RequestId } from "./RequestId";
import type { ThreadLoadedListParams } from "./v2/ThreadLoadedListParams";
import type { ThreadStartParams } from "./v2/ThreadStartParams";
import type { ThreadUnsubscribeParams } from "./v2/ThreadUnsubscribeParams";
import type { TurnInterruptParams } from "./v2/TurnInterruptParams";
import type { TurnStartParams } from "./v2/TurnStartParams";
import type { TurnSteerParams } from "./v2/TurnSteerParams";

export type ClientRequest =
  /** Opens the connection. Must come first, once. */
  | { id: RequestId; method: "initialize"; params: InitializeParams }
  /** Starts a thread and subscribes the caller to it. */
  | { id: RequestId; method: "thread/start"; params?: ThreadStartParams }
  /** Lists the threads that are loaded. */
  | { id: RequestId; method: "thread/loaded/list"; params?: ThreadLoadedListParams }
  /** Stops the news of a thread on this connection. */
  | { id: RequestId; method: "thread/unsubscribe"; params: ThreadUnsubscribeParams }
  /** Starts a turn, or adds to the one that runs. */
  | { id: RequestId; method: "turn/start"; params: TurnStartParams }
  /** Adds input to the running turn. */
  | { id: RequestId; method: "turn/steer"; params: TurnSteerParams }
  /** Stops the running turn. */
  | { id: RequestId; method: "turn/interrupt"; params: TurnInterruptParams }
  /** Lists features, on or off. */
  | { id: RequestId; method: "experimentalFeature/list"; params?: ExperimentalFeatureListParams }
  /** Switches features for the life of the process. */
  | { id: RequestId; method: "experimentalFeature/enablement/set"; params: ExperimentalFeatureEnablementSetParams };

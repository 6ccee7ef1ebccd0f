// Generated from the protocol crate. Do not edit.
import type { CancelLoginAccountParams } from "./v2/CancelLoginAccountParams";
import type { ConsumeAccountRateLimitResetCreditParams } from "./v2/ConsumeAccountRateLimitResetCreditParams";
import type { ExperimentalFeatureEnablementSetParams } from "./v2/ExperimentalFeatureEnablementSetParams";
import type { ExperimentalFeatureListParams } from "./v2/ExperimentalFeatureListParams";
import type { GetAccountParams } from "./v2/GetAccountParams";
import type { GetAccountRateLimitsParams } from "./v2/GetAccountRateLimitsParams";
import type { GetAccountTokenUsageParams } from "./v2/GetAccountTokenUsageParams";
import type { InitializeParams } from "./InitializeParams";
import type { LoginAccountParams } from "./v2/LoginAccountParams";
import type { ModelListParams } from "./v2/ModelListParams";
import type { RequestId } from "./RequestId";
import type { SendAddCreditsNudgeEmailParams } from "./v2/SendAddCreditsNudgeEmailParams";
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
  /** Tells who is signed in. */
  | { id: RequestId; method: "account/read"; params?: GetAccountParams }
  /** Signs in, or begins to. */
  | { id: RequestId; method: "account/login/start"; params: LoginAccountParams }
  /** Gives up a login that waits for the user. */
  | { id: RequestId; method: "account/login/cancel"; params: CancelLoginAccountParams }
  /** Signs out. */
  | { id: RequestId; method: "account/logout" }
  /** Reads how the account's limits stand. */
  | { id: RequestId; method: "account/rateLimits/read"; params?: GetAccountRateLimitsParams }
  /** Uses a credit that starts a limit afresh. */
  | { id: RequestId; method: "account/rateLimitResetCredit/consume"; params: ConsumeAccountRateLimitResetCreditParams }
  /** Reads how many tokens the account or a thread has used. */
  | { id: RequestId; method: "account/usage/read"; params?: GetAccountTokenUsageParams }
  /** Reads the messages of the workspace to its members. */
  | { id: RequestId; method: "account/workspaceMessages/read" }
  /** Asks the owner of the workspace for more, by mail. */
  | { id: RequestId; method: "account/sendAddCreditsNudgeEmail"; params: SendAddCreditsNudgeEmailParams }
  /** Reads what the user should do for the account's security. */
  | { id: RequestId; method: "account/securitySetup/read" }
  /** Lists the models to choose from. */
  | { id: RequestId; method: "model/list"; params?: ModelListParams }
  /** Lists features, on or off. */
  | { id: RequestId; method: "experimentalFeature/list"; params?: ExperimentalFeatureListParams }
  /** Switches features for the life of the process. */
  | { id: RequestId; method: "experimentalFeature/enablement/set"; params: ExperimentalFeatureEnablementSetParams };

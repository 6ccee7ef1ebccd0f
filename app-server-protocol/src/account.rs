//! Who is signed in, signing in and out (docs/contract/authentication.md).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::shape::require;

crate::rpc::methods! {
    client AccountRead "account/read" (GetAccountParams) -> GetAccountResponse, stable, in GlobalRead("account-auth"), "Reads which account is signed in.";
    client AccountLoginStart "account/login/start" (LoginAccountParams) -> LoginAccountResponse, stable, in Global("account-auth"), "Signs in, or starts a login that the user completes.";
    client AccountLoginCancel "account/login/cancel" (CancelLoginAccountParams) -> CancelLoginAccountResponse, stable, in None, "Cancels a login that waits for the user.";
    client AccountLogout "account/logout" () -> LogoutAccountResponse, stable, in Global("account-auth"), "Signs out.";
    server AccountChatgptAuthTokensRefresh "account/chatgptAuthTokens/refresh" (ChatgptAuthTokensRefreshParams) -> ChatgptAuthTokensRefreshResponse, stable, "Requests new ChatGPT tokens in place of those that the client provided.";
    notify AccountUpdated "account/updated" (AccountUpdatedNotification), stable, "The signed-in account changed.";
    notify AccountLoginCompleted "account/login/completed" (AccountLoginCompletedNotification), stable, "A login ended, successfully or not.";
}

/// Reads who is signed in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountParams {
    /// Renew the tokens first.
    #[serde(default)]
    pub refresh_token: bool,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountResponse {
    /// Whether the provider in use needs an account.
    pub requires_openai_auth: bool,
    /// The account; null when nobody is.
    pub account: Option<Account>,
    /// Id of the user.
    pub user_id: Option<String>,
    /// Where requests of the workspace go; null when unknown.
    #[schemars(extend("x-experimental" = true))]
    pub workspace_routing: Option<WorkspaceRouting>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Account {
    /// An API key.
    ApiKey,
    /// A ChatGPT account.
    #[schemars(transform = require("email"))]
    Chatgpt {
        /// Its address; null when unknown.
        email: Option<String>,
        /// The account's plan.
        plan_type: PlanType,
        /// Its workspace.
        workspace_name: Option<String>,
    },
    /// Amazon Bedrock.
    AmazonBedrock {
        /// Whether the credentials were given to this server.
        #[serde(default)]
        uses_codex_managed_credentials: bool,
    },
    /// Google Cloud.
    Gcp,
}

/// A plan of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanType {
    /// Free.
    Free,
    /// Go.
    Go,
    /// Plus.
    Plus,
    /// Pro.
    Pro,
    /// Pro Lite.
    Prolite,
    /// Pro Max.
    Promax,
    /// Team.
    Team,
    /// Business with Pro Lite seats, self-serve.
    SelfServeBusinessProlite,
    /// Business by usage, self-serve.
    SelfServeBusinessUsageBased,
    /// Business.
    Business,
    /// Enterprise of 2026.
    Ent26,
    /// Enterprise for automation, by credits.
    EnterpriseCbpAutomation,
    /// Enterprise by usage, by credits.
    EnterpriseCbpUsageBased,
    /// Enterprise.
    Enterprise,
    /// Education.
    Edu,
    /// Education Plus.
    EduPlus,
    /// Education Pro.
    EduPro,
    /// Science.
    Sci,
    /// Science Plus.
    SciPlus,
    /// A plan that this release does not know.
    Unknown,
}

/// A way to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AuthMode {
    /// An API key.
    Apikey,
    /// A ChatGPT account.
    Chatgpt,
    /// ChatGPT tokens that the client owns.
    ChatgptAuthTokens,
    /// Headers that the client gives.
    Headers,
    /// The identity of an agent.
    AgentIdentity,
    /// A personal access token.
    PersonalAccessToken,
    /// An API key of Amazon Bedrock.
    BedrockApiKey,
    /// Access keys of Amazon.
    BedrockAccessKeys,
}

/// Where requests of a workspace go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceRouting {
    /// Which region they are bound to.
    pub account_routing_override: AccountRoutingOverride,
    /// Origin of the servers in charge.
    pub backend_origin: String,
    /// The workspace.
    pub chatgpt_account_id: String,
}

/// A region that requests are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountRoutingOverride {
    /// None.
    #[serde(rename = "NO_CONSTRAINT")]
    NoConstraint,
    /// United States.
    Us,
    /// The region that the service calls `us_cr`.
    UsCr,
}

/// Signs in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LoginAccountParams {
    /// With an API key.
    ApiKey {
        /// The key.
        api_key: Secret,
    },
    /// With a browser on this machine.
    Chatgpt {
        /// How the closing page looks.
        app_brand: Option<LoginAppBrand>,
        /// Take the short way through the sign-in pages.
        #[serde(default)]
        codex_streamlined_login: bool,
        /// End on a page of the service instead of our own.
        #[serde(default)]
        use_hosted_login_success_page: bool,
    },
    /// With a code that is typed in on any device.
    ChatgptDeviceCode,
    /// With tokens that the client owns and renews (`account/chatgptAuthTokens/refresh`).
    ChatgptAuthTokens {
        /// The access token.
        access_token: Secret,
        /// The workspace that it is for.
        chatgpt_account_id: String,
        /// The plan; absent to take it from the token.
        chatgpt_plan_type: Option<String>,
    },
    /// With an API key of Amazon Bedrock.
    AmazonBedrock {
        /// The key.
        api_key: Secret,
        /// Region of the service.
        region: String,
    },
    /// With access keys of Amazon.
    AmazonBedrockAccessKeys {
        /// Id of the key.
        access_key_id: String,
        /// Region of the service.
        region: String,
        /// The key.
        secret_access_key: Secret,
        /// Token of a temporary session.
        session_token: Option<Secret>,
    },
}

/// How a page looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LoginAppBrand {
    /// Like Codex.
    Codex,
    /// Like ChatGPT.
    Chatgpt,
}

/// How the login goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LoginAccountResponse {
    /// It is done.
    ApiKey,
    /// The user goes on in a browser.
    Chatgpt {
        /// The page to open.
        auth_url: String,
        /// Id of the login, for `account/login/cancel`.
        login_id: String,
    },
    /// The user goes on, on any device.
    ChatgptDeviceCode {
        /// Id of the login, for `account/login/cancel`.
        login_id: String,
        /// The code to type in.
        user_code: String,
        /// The page to open.
        verification_url: String,
    },
    /// It is done.
    ChatgptAuthTokens,
    /// It is done.
    AmazonBedrock,
}

/// Gives up a login.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancelLoginAccountParams {
    /// The login.
    pub login_id: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancelLoginAccountResponse {
    /// How it stands.
    pub status: CancelLoginAccountStatus,
}

/// What became of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CancelLoginAccountStatus {
    /// It was given up.
    Canceled,
    /// There is no such login.
    NotFound,
}

/// Nobody is signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogoutAccountResponse {}

/// Somebody else is signed in, or nobody.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountUpdatedNotification {
    /// How; null when nobody is.
    pub auth_mode: Option<AuthMode>,
    /// The account's plan.
    pub plan_type: Option<PlanType>,
    /// What brought it about; null after a login or logout.
    pub reason: Option<AccountUpdateReason>,
}

/// Why a client is told who is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AccountUpdateReason {
    /// A stored sign-in can be used: it is known where its workspace's requests go.
    WorkspaceRoutingReady,
    /// Anything else.
    Unknown,
}

/// A login ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountLoginCompletedNotification {
    /// Whether it went well.
    pub success: bool,
    /// Why it failed.
    pub error: Option<String>,
    /// The login; null for those without an id.
    pub login_id: Option<String>,
    /// Where the user should begin.
    pub onboarding_entrypoint: Option<DesktopOnboardingEntrypoint>,
}

/// Where a new user should begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DesktopOnboardingEntrypoint {
    /// With the life sciences.
    LifeSciences,
}

/// Asks the client for new tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatgptAuthTokensRefreshParams {
    /// Why.
    pub reason: ChatgptAuthTokensRefreshReason,
    /// The workspace of the old ones.
    pub previous_account_id: Option<String>,
}

/// Why new tokens are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChatgptAuthTokensRefreshReason {
    /// The old ones were refused.
    Unauthorized,
}

/// New tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatgptAuthTokensRefreshResponse {
    /// The access token.
    pub access_token: Secret,
    /// The workspace that it is for.
    pub chatgpt_account_id: String,
    /// The plan; absent to take it from the token.
    pub chatgpt_plan_type: Option<String>,
}

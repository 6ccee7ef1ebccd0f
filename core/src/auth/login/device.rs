//! Signing in with a code that the user types into a browser anywhere (docs/contract/authentication.md#device-login).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AbortMessages, LoginOutcome, NOT_COMPLETED, check_workspace};
use crate::auth::environment::AuthEnvironment;
use crate::auth::token_endpoint;
use crate::auth::{AuthManager, Secret, http};
use crate::{Error, Result};

/// How long the user may take.
const LOGIN_LIMIT: Duration = Duration::from_secs(15 * 60);
/// How long one answer of the authority may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// Pause between two questions if the authority names none.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// Shortest pause, whatever the authority says.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// A device login that has begun.
#[derive(Debug)]
pub struct StartedDeviceLogin {
    /// Its id.
    pub id: Uuid,
    /// Where the user types the code.
    pub verification_url: String,
    /// What the user types.
    pub user_code: String,
    /// How it ends.
    pub outcome: LoginOutcome,
}

#[derive(Deserialize)]
struct DeviceCode {
    device_auth_id: String,
    #[serde(alias = "usercode")]
    user_code: String,
    interval: Option<Value>,
}

#[derive(Deserialize)]
struct Granted {
    authorization_code: String,
    code_verifier: String,
}

impl AuthManager {
    /// Begins a device login. A login that is under way ends.
    pub async fn start_device_login(&self) -> Result<StartedDeviceLogin> {
        let settings = self.settings().await;
        self.may_log_in_with_chatgpt(&settings)?;
        self.abandon_login().await;
        let environment = self.options.environment.clone();
        let code = request_code(&environment).await?;
        let user_code = code.user_code.clone();
        let verification_url = format!("{}/codex/device", environment.issuer);

        let manager = self.me();
        let flow = async move {
            let granted = wait_for_grant(&environment, &code).await?;
            let redirect_uri = format!("{}/deviceauth/callback", environment.issuer);
            let verifier = Secret::new(granted.code_verifier);
            let issued = token_endpoint::exchange_code(
                &environment,
                &granted.authorization_code,
                &redirect_uri,
                &verifier,
            )
            .await
            .map_err(|why| format!("Token exchange failed: {why}"))?;
            let manager = manager.upgrade().ok_or(NOT_COMPLETED)?;
            check_workspace(&issued, &settings.forced_workspaces)?;
            manager.finish_chatgpt_login(&issued, None, &settings).await
        };
        let cut = AbortMessages {
            cancelled: NOT_COMPLETED.to_owned(),
            timed_out: "device auth timed out after 15 minutes".to_owned(),
        };
        let id = Uuid::new_v4();
        let outcome = self.track_login(id, LOGIN_LIMIT, cut, std::sync::Arc::default(), flow);
        Ok(StartedDeviceLogin {
            id,
            verification_url,
            user_code,
            outcome,
        })
    }
}

async fn request_code(environment: &AuthEnvironment) -> Result<DeviceCode> {
    let failed = |why: String| Error::internal(format!("failed to request device code: {why}"));
    let url = format!("{}/api/accounts/deviceauth/usercode", environment.issuer);
    let body = json!({"client_id": environment.client_id});
    let client = http::client(&url).await.map_err(failed)?;
    let request = client.post(url).json(&body).timeout(ANSWER_LIMIT);
    let answer = request
        .send()
        .await
        .map_err(|error| failed(http::failure(error)))?;
    let status = answer.status();
    if status == reqwest::StatusCode::NOT_FOUND {
        return Err(Error::NoDeviceLogin);
    }
    if !status.is_success() {
        return Err(failed(format!("device code request failed with status {status}")));
    }
    let body = token_endpoint::body_of(answer).await.map_err(failed)?;
    serde_json::from_slice(&body).map_err(|_| failed("the authority's answer cannot be read".to_owned()))
}

/// Asks until the user has typed the code. An authority that cannot be reached for a moment is asked again.
async fn wait_for_grant(environment: &AuthEnvironment, code: &DeviceCode) -> Result<Granted, String> {
    let url = format!("{}/api/accounts/deviceauth/token", environment.issuer);
    let body = json!({"device_auth_id": code.device_auth_id, "user_code": code.user_code});
    let pause = interval(code.interval.as_ref());
    let client = http::client(&url).await?;
    loop {
        match client.post(&url).json(&body).timeout(ANSWER_LIMIT).send().await {
            Ok(answer) => match answer.status().as_u16() {
                200..=299 => {
                    let body = token_endpoint::body_of(answer).await?;
                    return serde_json::from_slice(&body)
                        .map_err(|_| "device auth failed: the authority's answer cannot be read".to_owned());
                }
                403 | 404 => {}
                _ => return Err(format!("device auth failed with status {}", answer.status())),
            },
            Err(error) => tracing::warn!("the authority did not answer: {}", http::failure(error)),
        }
        tokio::time::sleep(pause).await;
    }
}

/// Seconds, as a text or as a number.
fn interval(value: Option<&Value>) -> Duration {
    let seconds = match value {
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_u64(),
        None => None,
    };
    seconds
        .map_or(DEFAULT_INTERVAL, Duration::from_secs)
        .clamp(SHORTEST_INTERVAL, LOGIN_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_is_a_text_or_a_number_and_never_nothing() {
        assert_eq!(interval(Some(&json!("7"))), Duration::from_secs(7));
        assert_eq!(interval(Some(&json!(7))), Duration::from_secs(7));
        assert_eq!(interval(Some(&json!("0"))), SHORTEST_INTERVAL);
        assert_eq!(interval(Some(&json!("soon"))), DEFAULT_INTERVAL);
        assert_eq!(interval(None), DEFAULT_INTERVAL);
    }
}

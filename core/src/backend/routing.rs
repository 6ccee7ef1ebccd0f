//! Where the requests of a workspace go (docs/contract/authentication.md#workspace-routing). Never in the way of signing in: what cannot be
//! found out is unknown.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::Backend;
use super::request::Call;
use crate::auth::AuthMode;

/// How long the backend may take.
const LIMIT: Duration = Duration::from_secs(15);

/// What the backend knows of the workspace in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its name.
    pub name: Option<String>,
    /// Where its requests go.
    pub routing: WorkspaceRouting,
}

/// Where the requests of a workspace go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceRouting {
    /// The workspace.
    pub account_id: String,
    /// An https origin.
    pub backend_origin: String,
    /// `NO_CONSTRAINT`, `us` or `us_cr`.
    pub account_routing_override: String,
}

/// What was found out. Failures are not kept.
#[derive(Debug, Default)]
pub(super) struct RoutingCache {
    /// One question at a time; whoever waited looks here first.
    asking: tokio::sync::Mutex<()>,
    /// A lock, since the answer may come when nobody waits any more.
    found: Mutex<Option<Workspace>>,
}

impl RoutingCache {
    fn get(&self, account_id: &str) -> Option<Workspace> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found
            .clone()
            .filter(|found| found.routing.account_id == account_id)
    }

    fn put(&self, workspace: Workspace) {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(workspace);
    }
}

impl Backend {
    /// The workspace in use, as far as it is known or can be found out within `patience`. The question goes on when
    /// that is over, so that a later call has the answer.
    pub async fn workspace(self: &Arc<Self>, patience: Duration) -> Option<Workspace> {
        let auth = self.auth.auth().await?;
        let account_id = match auth.mode() {
            AuthMode::ChatGpt => auth.account_id()?.to_owned(),
            AuthMode::ApiKey => return None,
        };
        if let Some(found) = self.routing.get(&account_id) {
            return Some(found);
        }
        let backend = Arc::clone(self);
        let question = tokio::spawn(async move {
            let _one_at_a_time = backend.routing.asking.lock().await;
            if let Some(found) = backend.routing.get(&account_id) {
                return Some(found);
            }
            let call = Call {
                limit: LIMIT,
                ..Call::get(backend.url("accounts/check").await)
            };
            let answer = backend.send_once(&call, &auth).await;
            let payload = answer.and_then(|answer| answer.decode::<Value>());
            let base = backend.base().await;
            let found = payload.and_then(|payload| parse(&payload, &account_id, &base));
            match found {
                Ok(workspace) => {
                    backend.routing.put(workspace.clone());
                    Some(workspace)
                }
                Err(error) => {
                    tracing::warn!("the routing of the workspace is unknown: {error}");
                    None
                }
            }
        });
        tokio::time::timeout(patience, question).await.ok()?.ok()?
    }
}

/// Finds the workspace in the backend's answer.
fn parse(payload: &Value, account_id: &str, base: &str) -> Result<Workspace, String> {
    let entries = entries(payload);
    let mut seen = HashSet::new();
    if let Some(twice) = entries.iter().find(|(id, _)| !seen.insert(*id)) {
        return Err(format!("duplicate workspace in routing discovery: {}", twice.0));
    }
    let entry = entries.iter().find(|(id, _)| *id == account_id);
    let (_, entry) = entry.ok_or("selected workspace missing from routing discovery")?;
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let origin =
        text("workspace_backend_origin").ok_or("workspace routing discovery missing backend origin")?;
    let origin = if origin == "NO_CONSTRAINT" {
        let base = Url::parse(base).map_err(|_| "invalid workspace backend URL")?;
        base.origin().ascii_serialization()
    } else {
        origin.to_owned()
    };
    let routing_override = text("account_routing_override").unwrap_or_default();
    if !["NO_CONSTRAINT", "us", "us_cr"].contains(&routing_override) {
        return Err("workspace routing discovery has invalid account routing override".to_owned());
    }
    Ok(Workspace {
        name: text("name").map(str::to_owned),
        routing: WorkspaceRouting {
            account_id: account_id.to_owned(),
            backend_origin: https_origin(&origin)?,
            account_routing_override: routing_override.to_owned(),
        },
    })
}

/// The workspaces with their ids: a list, or a map from ids.
fn entries<'a>(payload: &'a Value) -> Vec<(&'a str, &'a Value)> {
    let with_id = |entry: &'a Value| {
        let id = entry.get("id").or_else(|| entry.get("account_id"))?;
        Some((id.as_str()?, entry))
    };
    match payload.get("accounts") {
        Some(Value::Array(list)) => list.iter().filter_map(with_id).collect(),
        Some(Value::Object(map)) => {
            let account =
                |(id, entry): (&'a String, &'a Value)| (id.as_str(), entry.get("account").unwrap_or(entry));
            map.iter().map(account).collect()
        }
        _ => Vec::new(),
    }
}

fn https_origin(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|_| "invalid workspace backend URL")?;
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    if url.scheme() != "https" || has_credentials {
        return Err("workspace backend must use an HTTPS origin without credentials".to_owned());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("workspace routing discovery must return an origin".to_owned());
    }
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const BASE: &str = "https://chatgpt.com/backend-api";

    fn entry(origin: &str) -> Value {
        json!({"id": "a", "workspace_backend_origin": origin, "account_routing_override": "us", "name": "N"})
    }

    fn found(origin: &str) -> Workspace {
        Workspace {
            name: Some("N".to_owned()),
            routing: WorkspaceRouting {
                account_id: "a".to_owned(),
                backend_origin: origin.to_owned(),
                account_routing_override: "us".to_owned(),
            },
        }
    }

    #[test]
    fn a_list_and_a_map_say_the_same() {
        let list = json!({"accounts": [entry("https://b.example/")]});
        let map = json!({"accounts": {"a": {"account": entry("https://b.example")}}});
        for payload in [list, map] {
            assert_eq!(parse(&payload, "a", BASE), Ok(found("https://b.example")));
        }
        let anywhere = json!({"accounts": [entry("NO_CONSTRAINT")]});
        assert_eq!(parse(&anywhere, "a", BASE), Ok(found("https://chatgpt.com")));
    }

    #[test]
    fn only_https_origins_of_the_workspace_count() {
        for (payload, words) in [
            (json!({}), "missing from routing discovery"),
            (
                json!({"accounts": [entry("https://b"), entry("https://b")]}),
                "duplicate workspace",
            ),
            (
                json!({"accounts": [entry("http://b")]}),
                "HTTPS origin without credentials",
            ),
            (
                json!({"accounts": [entry("https://u:p@b")]}),
                "HTTPS origin without credentials",
            ),
            (
                json!({"accounts": [entry("https://b/path")]}),
                "must return an origin",
            ),
            (
                json!({"accounts": [entry("nonsense")]}),
                "invalid workspace backend URL",
            ),
            (
                json!({"accounts": [{"id": "a", "account_routing_override": "us"}]}),
                "missing backend origin",
            ),
            (
                json!({"accounts": [{"id": "a", "workspace_backend_origin": "https://b"}]}),
                "invalid account routing",
            ),
        ] {
            let error = parse(&payload, "a", BASE).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        let plain = json!({"accounts": [entry("NO_CONSTRAINT")]});
        assert!(parse(&plain, "a", "http://127.0.0.1/backend-api").is_err());
    }
}

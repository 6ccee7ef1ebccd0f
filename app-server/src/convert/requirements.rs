//! Requirements on the wire: the keys of `requirements.toml` in another spelling.

use codex_app_server_protocol::{
    ApprovalsReviewer, ConfigRequirements, ForcedLoginMethod, SandboxMode, WebSearchMode,
};
use codex_core::config::{LoginMethod, Requirements};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::policy::approval_to_wire;

/// What is demanded; `None` if that is nothing.
pub(crate) fn to_wire(requirements: &Requirements) -> Option<ConfigRequirements> {
    if requirements.is_empty() {
        return None;
    }
    let table = requirements.shown();
    Some(ConfigRequirements {
        additional_developer_instructions: typed(&table, "additional_developer_instructions"),
        allow_appshots: typed(&table, "allow_appshots"),
        allow_browser_and_computer_use: typed(&table, "allow_browser_and_computer_use"),
        allow_login_shell: typed(&table, "allow_login_shell"),
        allow_managed_hooks_only: typed(&table, "allow_managed_hooks_only"),
        allow_remote_control: typed(&table, "allow_remote_control"),
        allowed_approval_policies: requirements
            .approval_policies()
            .map(|kinds| kinds.iter().map(approval_to_wire).collect()),
        allowed_approvals_reviewers: typed::<Vec<ApprovalsReviewer>>(&table, "allowed_approvals_reviewers"),
        allowed_login_methods: Some(match requirements.login_methods() {
            Some(methods) => methods.iter().map(|method| login(*method)).collect(),
            None => vec![ForcedLoginMethod::Api, ForcedLoginMethod::Chatgpt],
        }),
        allowed_permission_profiles: typed(&table, "allowed_permission_profiles"),
        allowed_sandbox_modes: requirements.sandbox_modes().and_then(words::<SandboxMode>),
        allowed_web_search_modes: requirements.web_search_modes().and_then(words::<WebSearchMode>),
        allowed_windows_sandbox_implementations: typed(&table, "allowed_windows_sandbox_implementations"),
        application: camel(&table, "application"),
        auto_review: camel(&table, "auto_review"),
        browser_use: camel(&table, "browser_use"),
        chatgpt_base_url: typed(&table, "chatgpt_base_url"),
        check_for_update_on_startup: typed(&table, "check_for_update_on_startup"),
        cli_auth_credentials_store: typed(&table, "cli_auth_credentials_store"),
        computer_use: camel(&table, "computer_use"),
        default_permissions: typed(&table, "default_permissions"),
        enforce_residency: typed(&table, "enforce_residency"),
        feature_requirements: Some(requirements.features().clone()).filter(|features| !features.is_empty()),
        feedback: camel(&table, "feedback"),
        hooks: table.get("hooks").cloned(),
        in_app_browser: camel(&table, "in_app_browser"),
        log_dir: typed(&table, "log_dir"),
        model_catalog_json: typed(&table, "model_catalog_json"),
        model_provider: typed(&table, "model_provider"),
        model_providers: typed(&table, "model_providers"),
        models: camel(&table, "models"),
        network: table.get("experimental_network").map(network),
        otel: table.get("otel").cloned(),
        sqlite_home: typed(&table, "sqlite_home"),
    })
}

/// A member; one of another type is left out, as nobody could use it.
fn typed<T: DeserializeOwned>(table: &Map<String, Value>, key: &str) -> Option<T> {
    serde_json::from_value(table.get(key)?.clone()).ok()
}

fn words<T: DeserializeOwned>(values: Vec<impl serde::Serialize>) -> Option<Vec<T>> {
    serde_json::from_value(serde_json::to_value(values).ok()?).ok()
}

/// A member, its own members spelled as on the wire.
fn camel(table: &Map<String, Value>, key: &str) -> Option<Value> {
    table.get(key).map(in_camel_case)
}

fn in_camel_case(value: &Value) -> Value {
    let Value::Object(members) = value else {
        return value.clone();
    };
    let members = members.iter().map(|(name, value)| {
        let mut spelled = String::with_capacity(name.len());
        let mut upper = false;
        for c in name.chars() {
            match c {
                '_' => upper = true,
                c if upper => {
                    spelled.extend(c.to_uppercase());
                    upper = false;
                }
                c => spelled.push(c),
            }
        }
        (spelled, in_camel_case(value))
    });
    Value::Object(members.collect())
}

/// Names of hosts are no names of ours: they keep their spelling.
fn network(value: &Value) -> Value {
    let mut wire = in_camel_case(value);
    let Value::Object(members) = &mut wire else {
        return wire;
    };
    if let Some(domains) = value.get("domains") {
        let named = |what: &str| {
            let all = domains.as_object().into_iter().flatten();
            all.filter(|(_, permission)| *permission == what)
                .map(|(domain, _)| Value::from(domain.as_str()))
                .collect::<Value>()
        };
        members.insert("allowedDomains".to_owned(), named("allow"));
        members.insert("deniedDomains".to_owned(), named("deny"));
        members.insert("domains".to_owned(), domains.clone());
    }
    if let Some(sockets) = value.get("unix_sockets") {
        members.insert("unixSockets".to_owned(), sockets.clone());
    }
    wire
}

fn login(method: LoginMethod) -> ForcedLoginMethod {
    match method {
        LoginMethod::Chatgpt => ForcedLoginMethod::Chatgpt,
        LoginMethod::Api => ForcedLoginMethod::Api,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hosts_keep_their_spelling_and_members_get_that_of_the_wire() {
        let told = network(&json!({"http_port": 1, "domains": {"a_b.com": "allow", "c.com": "deny"}}));
        assert_eq!(
            told,
            json!({
                "httpPort": 1, "domains": {"a_b.com": "allow", "c.com": "deny"},
                "allowedDomains": ["a_b.com"], "deniedDomains": ["c.com"],
            })
        );
    }
}

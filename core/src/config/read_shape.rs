//! What clients find in a configuration besides what is set: every key, and in tables every member that they know.

use serde_json::{Map, Value as Json};

use super::keys::KEYS;

/// What holds without a setting, where clients are shown it. All other keys are null.
const DEFAULTS: &str = r#"{
    "allow_login_shell": true,
    "background_terminal_max_timeout": 300000,
    "chatgpt_base_url": "https://chatgpt.com/backend-api/",
    "cli_auth_credentials_store": "file",
    "file_opener": "vscode",
    "hide_agent_reasoning": false,
    "history": {},
    "include_apps_instructions": true,
    "include_collaboration_mode_instructions": true,
    "include_environment_context": true,
    "include_environment_context_time": true,
    "include_permissions_instructions": true,
    "marketplaces": {},
    "mcp_oauth_credentials_store": "auto",
    "mcp_servers": {},
    "model_providers": {},
    "plugins": {},
    "profiles": {},
    "project_doc_fallback_filenames": [],
    "project_doc_max_bytes": 32768,
    "project_root_markers": [".git"],
    "shell_environment_policy": {}
}"#;

/// Members of tables that are there. `*` is any name.
const MEMBERS: [(&str, &str); 24] = [
    (
        "agents",
        r#"{"enabled": null, "max_concurrent_threads_per_session": null, "max_depth": null,
            "default_subagent_model": null, "default_subagent_reasoning_effort": null,
            "job_max_runtime_seconds": null, "interrupt_message": null}"#,
    ),
    (
        "agents.*",
        r#"{"description": null, "config_file": null, "nickname_candidates": null}"#,
    ),
    ("analytics", r#"{"enabled": null}"#),
    (
        "audio",
        r#"{"microphone_channel": null, "microphone": null, "speaker": null}"#,
    ),
    (
        "auto_review",
        r#"{"policy": null, "timeout_ms": null, "circuit_break_action": null,
            "experimental_conversation_history_prompt": null, "conversation_history_max_output_tokens": null}"#,
    ),
    ("cloud", r#"{"skills": null}"#),
    ("code_mode", r#"{"heartbeat_interval_s": null}"#),
    ("feedback", r#"{"enabled": null}"#),
    ("goals", r#"{"max_goal_token_budget": null}"#),
    ("history", r#"{"persistence": "save-all", "max_bytes": null}"#),
    (
        "mcp_servers.*",
        r#"{"environment_id": "local", "enabled": true, "tool_timeout_sec": null}"#,
    ),
    (
        "memories",
        r#"{"version": null, "dual_write": null, "disable_on_external_context": null, "generate_memories": null,
            "use_memories": null, "dedicated_tools": null, "max_raw_memories_for_consolidation": null,
            "max_unused_days": null, "max_rollout_age_days": null, "max_rollouts_per_startup": null,
            "min_rollout_idle_hours": null, "min_rate_limit_remaining_percent": null, "extract_model": null,
            "consolidation_model": null, "consolidation_service_tier": null}"#,
    ),
    (
        "model_providers.*",
        r#"{"name": "", "base_url": null, "model_catalog_url": null, "env_key": null, "env_key_instructions": null,
            "experimental_bearer_token": null, "auth": null, "gateway_oauth": null, "aws": null, "project_id": null,
            "location": null, "credential_file": null, "wire_api": "responses", "capabilities": null,
            "query_params": null, "http_headers": null, "env_http_headers": null, "request_max_retries": null,
            "stream_max_retries": null, "stream_idle_timeout_ms": null, "websocket_connect_timeout_ms": null,
            "requires_openai_auth": false, "supports_websockets": false, "supports_standalone_web_search": false}"#,
    ),
    (
        "otel",
        r#"{"headers_helper": null, "headers_helper_refresh_interval_ms": null, "tool_result": null,
            "log_sse_deltas": null, "log_user_prompt": null, "log_agent_responses": null,
            "log_guardian_assessments": null, "environment": null, "exporter": null, "trace_exporter": null,
            "metrics_exporter": null, "span_attributes": null, "tracestate": null}"#,
    ),
    (
        "permissions.*",
        r#"{"description": null, "extends": null, "workspace_roots": null, "filesystem": null, "network": null}"#,
    ),
    ("projects.*", r#"{"trust_level": null}"#),
    (
        "realtime",
        r#"{"version": null, "type": null, "transport": null, "voice": null}"#,
    ),
    ("responses", r#"{"process_mode": "streaming"}"#),
    (
        "rollout_trace",
        r#"{"max_bytes": null, "max_payload_bytes": null}"#,
    ),
    (
        "sandbox_workspace_write",
        r#"{"writable_roots": [], "network_access": false, "exclude_tmpdir_env_var": false,
            "exclude_slash_tmp": false}"#,
    ),
    (
        "shell_environment_policy",
        r#"{"inherit": null, "ignore_default_excludes": null, "exclude": null, "set": null, "include_only": null,
            "filters": null, "experimental_use_profile": null}"#,
    ),
    ("tools", r#"{"web_search": null}"#),
    (
        "tools.web_search",
        r#"{"context_size": null, "allowed_domains": null, "location": null}"#,
    ),
    (
        "tools.web_search.location",
        r#"{"country": null, "region": null, "city": null, "timezone": null}"#,
    ),
];

/// The configuration with every key that there is, and without those that nobody knows.
pub(super) fn complete(mut set: Map<String, Json>) -> Map<String, Json> {
    let mut defaults = object(DEFAULTS);
    // A switch is not what clients expect here; it is what `web_search` says then.
    if let Some(Json::Object(tools)) = set.get_mut("tools")
        && tools.get("web_search").is_some_and(Json::is_boolean)
    {
        tools.insert("web_search".to_owned(), Json::Null);
    }
    let known = KEYS.iter().map(|key| key.path).filter(|path| !path.contains('.'));
    let mut config: Map<String, Json> = known
        .map(|key| {
            let value = set.remove(key).or_else(|| defaults.remove(key));
            (key.to_owned(), value.unwrap_or_default())
        })
        .collect();
    for (path, members) in MEMBERS {
        let members = object(members);
        let path: Vec<_> = path.split('.').collect();
        fill(&mut config, &path, &members);
    }
    config
}

fn fill(table: &mut Map<String, Json>, path: &[&str], members: &Map<String, Json>) {
    let Some((first, rest)) = path.split_first() else {
        for (name, default) in members {
            if !table.contains_key(name) {
                table.insert(name.clone(), default.clone());
            }
        }
        return;
    };
    for (name, value) in table.iter_mut() {
        if (*first == "*" || first == name)
            && let Json::Object(below) = value
        {
            fill(below, rest, members);
        }
    }
}

/// Texts of ours are objects; a test sees to it.
fn object(text: &str) -> Map<String, Json> {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_texts_are_objects_about_known_keys() {
        for text in MEMBERS.map(|(_, text)| text).into_iter().chain([DEFAULTS]) {
            assert!(!object(text).is_empty(), "{text}");
        }
        for key in object(DEFAULTS).keys() {
            assert!(KEYS.iter().any(|known| known.path == key), "{key}");
        }
    }

    #[test]
    fn every_key_is_there_and_tables_have_their_members() {
        let set = object(
            r#"{"unknown": 1, "model": "m", "model_providers": {"p": {"name": "P"}}, "agents": {"r": {}}}"#,
        );
        let config = complete(set);
        assert!(!config.contains_key("unknown"));
        assert_eq!(config["model"], "m");
        assert_eq!(config["review_model"], Json::Null);
        assert_eq!(config["history"]["persistence"], "save-all");
        let provider = &config["model_providers"]["p"];
        assert_eq!(
            (&provider["name"], &provider["wire_api"]),
            (&"P".into(), &"responses".into())
        );
        assert_eq!(provider.as_object().map(Map::len), Some(24));
        assert_eq!(config["agents"]["r"]["config_file"], Json::Null);
        assert_eq!(config["agents"]["enabled"], Json::Null);
    }
}

//! Settings that nobody knows, which are mostly typing errors (docs/contract/configuration.md#mistakes).

use std::path::Path;

use toml::{Table, Value};

use super::layers::read_cached;
use super::overrides::layer;
use super::{ConfigOverride, ConfigSource};
use crate::features;

/// How many keys are named.
const NAMED: usize = 3;

/// All keys of the contract release, also those that this release does not act on (docs/contract/configuration.md#keys).
const KNOWN: &str = "
    agents allow_login_shell allow_symlinked_codex_home analytics approval_policy approvals_reviewer apps
    apps_mcp_product_sku audio auto_review background_terminal_max_timeout browser_use chatgpt_base_url
    check_for_update_on_startup cli_auth_credentials_store client_search_provider cloud compact_prompt computer_use
    daybreak default_permissions desktop developer_instructions disable_paste_burst
    experimental_compact_prompt_file experimental_realtime_start_instructions
    experimental_realtime_webrtc_call_base_url experimental_realtime_ws_backend_prompt
    experimental_realtime_ws_base_url experimental_realtime_ws_model experimental_realtime_ws_startup_context
    experimental_thread_store experimental_thread_store_endpoint experimental_use_unified_exec_tool features
    feedback file_opener forced_chatgpt_workspace_id forced_login_method ghost_snapshot goals hide_agent_reasoning
    history hooks include_apps_instructions include_collaboration_mode_instructions include_environment_context
    include_environment_context_time include_permissions_instructions instructions js_repl_node_module_dirs
    js_repl_node_path log_dir marketplaces mcp_enterprise_managed_auth mcp_oauth_callback_port
    mcp_oauth_callback_url mcp_oauth_credentials_store mcp_optional_startup_grace_ms mcp_servers memories model
    model_auto_compact_token_limit model_auto_compact_token_limit_scope model_catalog_json model_context_window
    model_instructions_file model_post_turn_compact_threshold_percent model_provider model_providers
    model_reasoning_effort model_reasoning_summary model_verbosity notice notify openai_base_url orchestrator
    oss_provider otel permissions personality plan_mode_reasoning_effort plugins profile profiles
    project_doc_fallback_filenames project_doc_max_bytes project_root_markers projects realtime
    code_mode responses responses_api_metadata review_model rollout_trace sandbox_mode sandbox_workspace_write service_tier shell_environment_policy
    show_raw_agent_reasoning skills sqlite_home suppress_unstable_features_warning thread_unload_delay_secs
    tool_output_token_limit tool_suggest tools tui web_search windows";

/// Keys of a provider.
const OF_A_PROVIDER: &str = "
    name base_url model_catalog_url env_key env_key_instructions experimental_bearer_token auth gateway_oauth aws
    project_id location credential_file wire_api capabilities query_params http_headers env_http_headers
    request_max_retries stream_max_retries stream_idle_timeout_ms websocket_connect_timeout_ms requires_openai_auth
    supports_websockets supports_standalone_web_search";

/// Keys of `[sandbox_workspace_write]`.
const OF_THE_SANDBOX: &str = "writable_roots network_access exclude_tmpdir_env_var exclude_slash_tmp";

/// Says which settings of the file and of the overrides (`extra`: those of one thread) nobody knows. `None`: all are
/// known, or the file can't be read, which others tell.
pub fn unknown_settings(source: &ConfigSource, extra: &[ConfigOverride]) -> Option<String> {
    let path = source.codex_home.join("config.toml");
    let mut places = Vec::new();
    if !(source.overrides.is_empty() && extra.is_empty()) {
        let flags = layer(source.overrides.iter().chain(extra));
        places.extend(unknown_in(&flags).into_iter().map(|key| (None, key)));
    }
    if let Some(file) = read_cached(&path).ok()? {
        let keys = unknown_in(&file.table).into_iter();
        places.extend(keys.map(|key| (Some(path.as_path()), key)));
    }
    (!places.is_empty()).then(|| say(&places))
}

fn say(places: &[(Option<&Path>, String)]) -> String {
    let what = match places.len() {
        1 => "1 setting is not known and has no effect.".to_owned(),
        count => format!("{count} settings are not known and have no effect."),
    };
    let mut lines = vec![format!(
        "{what} Look for typing errors, and for names of other releases."
    )];
    lines.extend(places.iter().take(NAMED).map(|(path, key)| match path {
        Some(path) => format!("  user ({}): `{key}` is ignored.", path.display()),
        None => format!("  session-flags: `{key}` is ignored."),
    }));
    if places.len() > NAMED {
        lines.push(format!("  ... and {} more", places.len() - NAMED));
    }
    lines.join("\n")
}

/// Unknown keys of a layer, sorted. What is in tables that only others read is not looked at.
fn unknown_in(table: &Table) -> Vec<String> {
    let mut unknown = Vec::new();
    for (key, value) in table {
        let Value::Table(below) = value else {
            if !is_in(KNOWN, key) {
                unknown.push(key.clone());
            }
            continue;
        };
        match key.as_str() {
            "features" => {
                let keys = below.keys().filter(|name| features::find(name).is_none());
                unknown.extend(keys.map(|name| format!("features.{name}")));
            }
            "model_providers" => {
                for (id, provider) in below {
                    let keys = provider.as_table().into_iter().flat_map(Table::keys);
                    let keys = keys.filter(|name| !is_in(OF_A_PROVIDER, name));
                    unknown.extend(keys.map(|name| format!("model_providers.{id}.{name}")));
                }
            }
            "sandbox_workspace_write" => {
                let keys = below.keys().filter(|name| !is_in(OF_THE_SANDBOX, name));
                unknown.extend(keys.map(|name| format!("sandbox_workspace_write.{name}")));
            }
            key if !is_in(KNOWN, key) => unknown.push(key.to_owned()),
            _ => {}
        }
    }
    unknown.sort_unstable();
    unknown
}

fn is_in(list: &str, key: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == key)
}

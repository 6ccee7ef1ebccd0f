//! Secrets in a configuration, which no client is shown: a mask stands in their place, and whoever writes the mask back
//! changes nothing (docs/contract/configuration.md#secrets).

use serde_json::Value as Json;

use super::json::fits;

/// Stands in the place of a secret.
pub const MASK: &str = "[redacted]";

/// Tables whose texts are secret, by the path of the table: `*` is any name.
const SECRET_TABLES: [&[&str]; 8] = [
    &["model_providers", "*", "http_headers"],
    &["model_providers", "*", "query_params"],
    &["mcp_servers", "*", "env"],
    &["mcp_servers", "*", "http_headers"],
    &["plugins", "*", "mcp_servers", "*", "env"],
    &["plugins", "*", "mcp_servers", "*", "http_headers"],
    &["otel", "*", "*", "headers"],
    &["profiles", "*", "model_providers", "*", "http_headers"],
];

/// Parts of names of secrets.
const SECRET_WORDS: [&str; 6] = ["secret", "token", "password", "passwd", "api_key", "apikey"];

/// Names with such a part that are no secrets, but tell where one is, or count tokens.
const HARMLESS_ENDS: [&str; 8] = [
    "_env_var",
    "_limit",
    "_budget",
    "_endpoint",
    "_method",
    "_url",
    "_tokens",
    "_file",
];

/// Replaces the secrets of a value at this path.
pub(super) fn mask(value: &mut Json, path: &mut Vec<String>) {
    match value {
        Json::Object(members) => {
            for (name, value) in members {
                path.push(name.clone());
                mask(value, path);
                path.pop();
            }
        }
        // Of the wrong kind, but a secret all the same.
        Json::Array(items) if is_secret(path) => items.iter_mut().for_each(mask_all),
        Json::Array(items) => {
            for (index, value) in items.iter_mut().enumerate() {
                path.push(index.to_string());
                mask(value, path);
                path.pop();
            }
        }
        Json::String(text) => {
            if !text.is_empty() && (is_secret(path) || has_password(text)) {
                MASK.clone_into(text);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Replaces every text.
fn mask_all(value: &mut Json) {
    match value {
        Json::Object(members) => members.values_mut().for_each(mask_all),
        Json::Array(items) => items.iter_mut().for_each(mask_all),
        Json::String(text) if !text.is_empty() => MASK.clone_into(text),
        _ => {}
    }
}

/// Whether a text at this path is a secret.
pub(super) fn is_secret(path: &[String]) -> bool {
    let Some((name, table)) = path.split_last() else {
        return false;
    };
    // A text in the place of the table is one, too.
    let is_table = |path: &[String]| {
        let fits = |pattern: &&[&str]| fits(pattern.iter().copied(), path);
        SECRET_TABLES.iter().any(fits)
    };
    if is_table(table) || is_table(path) {
        return true;
    }
    let name = name.to_ascii_lowercase();
    let in_environment = matches!(table, [a, b] if a == "shell_environment_policy" && b == "set");
    if in_environment && name.contains("key") {
        return true;
    }
    // Filters of names are no values.
    let is_pattern = matches!(table, [a, b] if a == "shell_environment_policy" && b == "filters");
    !is_pattern
        && SECRET_WORDS.iter().any(|word| name.contains(word))
        && !HARMLESS_ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether a text is a URL with a password.
pub(super) fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    user.is_some_and(|user| user.contains(':'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_masked_and_what_tells_where_they_are_is_not() {
        let mut value = json!({
            "model_providers": {"p": {
                "experimental_bearer_token": "sk-1", "http_headers": {"a": "b"}, "env_key": "KEY",
                "base_url": "https://u:p@host/v1", "query_params": {"sig": "x"},
            }, "wrong": {"experimental_bearer_token": ["sk-1", {"a": "sk-2"}, 3], "http_headers": "a: b"}},
            "mcp_servers": {"s": {
                "env": {"T": "t"}, "bearer_token_env_var": "V", "oauth": {"client_secret": "c"}, "args": ["a"],
            }},
            "otel": {"exporter": {"otlp-http": {"headers": {"h": "v"}, "endpoint": "https://x/y"}}},
            "shell_environment_policy": {"set": {"MY_KEY": "k", "EDITOR": "vi"}, "filters": {"*TOKEN*": "exclude"}},
            "tool_output_token_limit": 5, "x_token": "", "unknown": {"api_key": "q"},
        });
        mask(&mut value, &mut Vec::new());
        assert_eq!(
            value,
            json!({
                "model_providers": {"p": {
                    "experimental_bearer_token": MASK, "http_headers": {"a": MASK}, "env_key": "KEY",
                    "base_url": MASK, "query_params": {"sig": MASK},
                }, "wrong": {"experimental_bearer_token": [MASK, {"a": MASK}, 3], "http_headers": MASK}},
                "mcp_servers": {"s": {
                    "env": {"T": MASK}, "bearer_token_env_var": "V", "oauth": {"client_secret": MASK}, "args": ["a"],
                }},
                "otel": {"exporter": {"otlp-http": {"headers": {"h": MASK}, "endpoint": "https://x/y"}}},
                "shell_environment_policy": {"set": {"MY_KEY": MASK, "EDITOR": "vi"}, "filters": {"*TOKEN*": "exclude"}},
                "tool_output_token_limit": 5, "x_token": "", "unknown": {"api_key": MASK},
            })
        );
    }
}

//! The web search that a model's server does itself: what the model is told of it (docs/contract/tools.md#web-search-tool).

use serde_json::{Value, json};

use super::model_info::WebSearchKind;
use crate::config::{WebSearchMode, WebSearchSettings};

/// The tool, or `None` when searches are switched off. Decided anew for each turn: full access makes the search live.
pub(crate) fn web_search_tool(
    mode: Option<WebSearchMode>,
    settings: &WebSearchSettings,
    full_access: bool,
    kind: WebSearchKind,
) -> Option<Value> {
    let mode = mode.unwrap_or(WebSearchMode::Cached);
    let live = full_access || mode == WebSearchMode::Live;
    let mut tool = match mode {
        WebSearchMode::Disabled => return None,
        WebSearchMode::Indexed => {
            json!({"type": "web_search", "external_web_access": live, "indexed_web_access": true})
        }
        WebSearchMode::Cached | WebSearchMode::Live => {
            json!({"type": "web_search", "external_web_access": live})
        }
    };
    if kind == WebSearchKind::TextAndImage {
        tool["search_content_types"] = json!(["text", "image"]);
    }
    if let Some(size) = settings.context_size {
        tool["search_context_size"] = json!(size);
    }
    if let Some(domains) = &settings.allowed_domains {
        tool["filters"] = json!({"allowed_domains": domains});
    }
    if let Some(location) = &settings.location {
        let mut location = json!(location);
        location["type"] = json!("approximate");
        tool["user_location"] = location;
    }
    Some(tool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{SearchContextSize, WebSearchLocation};

    fn access(mode: Option<WebSearchMode>, full_access: bool) -> Option<Value> {
        let tool = web_search_tool(
            mode,
            &WebSearchSettings::default(),
            full_access,
            WebSearchKind::Text,
        )?;
        Some(tool["external_web_access"].clone())
    }

    #[test]
    fn searches_are_cached_unless_told_or_unsandboxed() {
        assert_eq!(access(None, false), Some(json!(false)));
        assert_eq!(access(Some(WebSearchMode::Live), false), Some(json!(true)));
        assert_eq!(access(Some(WebSearchMode::Cached), true), Some(json!(true)));
        assert_eq!(access(Some(WebSearchMode::Disabled), true), None);
    }

    #[test]
    fn settings_are_handed_on() {
        let settings = WebSearchSettings {
            context_size: Some(SearchContextSize::Low),
            allowed_domains: Some(vec!["a.test".into()]),
            location: Some(WebSearchLocation {
                country: Some("DE".into()),
                ..WebSearchLocation::default()
            }),
        };
        let tool = web_search_tool(
            Some(WebSearchMode::Indexed),
            &settings,
            false,
            WebSearchKind::TextAndImage,
        );
        assert_eq!(
            tool,
            Some(json!({
                "type": "web_search",
                "external_web_access": false,
                "indexed_web_access": true,
                "search_content_types": ["text", "image"],
                "search_context_size": "low",
                "filters": {"allowed_domains": ["a.test"]},
                "user_location": {"type": "approximate", "country": "DE"},
            }))
        );
    }
}

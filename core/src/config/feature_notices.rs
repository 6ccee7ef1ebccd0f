//! What users should know of the features that they have set (docs/contract/services.md#features).

use toml::{Table, Value};

use crate::features::{self, Stage};

/// What becomes of web search.
const WEB_SEARCH: &str = "Web search is on by default. Set `web_search` to `live`, `indexed`, `cached` or `disabled` \
                          at the top level of config.toml instead.";

/// The earlier name of a feature, at the top level of config.toml.
const UNIFIED_EXEC_TOOL: &str = "experimental_use_unified_exec_tool";

/// Something that was set and is on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deprecation {
    /// What it is, in a sentence.
    pub summary: String,
    /// What to do instead.
    pub details: String,
}

/// What is said of the features of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FeatureNotices {
    /// For a `deprecationNotice` of each new thread.
    pub(super) deprecations: Vec<Deprecation>,
    /// For a `warning` of each new thread.
    pub(super) unstable: Option<String>,
    /// For a `configWarning`, and a `warning` of each new thread.
    pub(super) warning: Option<String>,
}

impl FeatureNotices {
    /// Of the merged layers. `is_silent`: of those under development, nothing is said.
    pub(super) fn of(table: &Table, is_silent: bool) -> Self {
        let mut notices = Self::default();
        if table.contains_key(UNIFIED_EXEC_TOOL) {
            notices
                .deprecations
                .push(use_instead(UNIFIED_EXEC_TOOL, "unified_exec"));
        }
        let Some(Value::Table(set)) = table.get("features") else {
            return notices;
        };
        let mut unstable = Vec::new();
        for (name, value) in set {
            if let Some(deprecation) = deprecation(name) {
                notices.deprecations.push(deprecation);
            } else if name == features::MULTI_AGENT {
                let why = "`[features].multi_agent` is deprecated. `[agents].enabled = false` leaves the tools for \
                           agents out, whatever the model chooses.";
                notices.warning = Some(why.to_owned());
            }
            let is_unstable = |feature: &features::Feature| feature.stage == Stage::UnderDevelopment;
            if is_on(value)
                && let Some(feature) = features::find(name).filter(is_unstable)
            {
                unstable.push(feature.key);
            }
        }
        if !unstable.is_empty() && !is_silent {
            notices.unstable = Some(format!(
                "Features under development are on: {}. They may not work as expected. \
                 `suppress_unstable_features_warning = true` in config.toml silences this warning.",
                unstable.join(", ")
            ));
        }
        notices
    }
}

fn deprecation(name: &str) -> Option<Deprecation> {
    let of = |why: String, details: String| {
        let summary = format!("`[features].{name}` is deprecated{why}");
        Some(Deprecation { summary, details })
    };
    match name {
        "web_search" | "web_search_cached" | "web_search_request" => {
            of(".".to_owned(), WEB_SEARCH.to_owned())
        }
        "shell_zsh_fork" => of(
            " and has no effect.".to_owned(),
            "Commands run in the user's shell. Remove the setting.".to_owned(),
        ),
        "use_legacy_landlock" => of(
            " and will be removed.".to_owned(),
            "There is one sandbox. Remove the setting.".to_owned(),
        ),
        name => Some(use_instead(name, features::renamed(name)?)),
    }
}

fn use_instead(name: &str, now: &str) -> Deprecation {
    Deprecation {
        summary: format!("`[features].{name}` is deprecated. Use `[features].{now}` instead."),
        details: format!("`--enable {now}` switches it on, too."),
    }
}

/// Whether a switch, or a table with one, is on.
fn is_on(value: &Value) -> bool {
    let switch = value.get("enabled").unwrap_or(value);
    switch.as_bool() == Some(true)
}

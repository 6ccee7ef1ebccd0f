use std::collections::BTreeSet;
use std::path::Path;

use toml::Table;

use super::recorder::{assert_in_table, of};
use super::{Effect, KEYS, Key};
use crate::config::provider::ProviderToml;
use crate::config::schema::{ConfigToml, WebSearchSettings};
use crate::config::{Config, ConfigOverride, ConfigSource, Provider, key_warnings};

#[test]
fn keys_are_listed_once_and_below_their_tables() {
    let mut seen = BTreeSet::new();
    for key in KEYS {
        if let Some((above, _)) = key.path.rsplit_once('.') {
            assert!(seen.contains(above), "{} comes before its table", key.path);
        }
        assert!(seen.insert(key.path), "{} is there twice", key.path);
        assert!(key.about.ends_with('.'), "{}", key.path);
    }
}

#[test]
fn what_is_read_is_listed_with_its_type_and_what_is_listed_is_read() {
    assert_in_table(
        &[
            ("", of::<ConfigToml>),
            ("model_providers.*", of::<ProviderToml>),
            ("tools.web_search", of::<WebSearchSettings>),
        ],
        |path| {
            ![
                "otel.",
                "agents.",
                "skills.",
                "history.",
                "plugins.",
                "marketplaces.",
                "hooks",
                "mcp_servers.",
            ]
            .iter()
            .any(|table| path.starts_with(table))
        },
    );
}

/// The default as a TOML value; `None` where it depends on other things.
fn default_of(key: &Key) -> Option<toml::Value> {
    let table: Table = format!("x = {}", key.default).parse().ok()?;
    table.get("x").cloned()
}

#[test]
fn setting_a_default_changes_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let source = ConfigSource {
        codex_home: home.path().to_owned(),
        ..ConfigSource::default()
    };
    let load = |extra: &[ConfigOverride]| Config::load(&source, Path::new("/"), extra).expect("loads");
    let bare = load(&[]);
    let mut compared = 0;
    for key in KEYS.iter().filter(|key| matches!(key.effect, Effect::Since(_))) {
        let Some(value) = default_of(key) else { continue };
        compared += 1;
        if let Some(name) = key.path.strip_prefix("model_providers.*.") {
            let provider = |more: &str| {
                let program = if name.starts_with("auth.") {
                    "auth.command = 'c'\n"
                } else {
                    ""
                };
                let table = format!("name = 'P'\n{program}{more}").parse().expect("a table");
                Provider::from_config("p", &table).expect("a provider")
            };
            let set = format!("{name} = {value}");
            assert_eq!(provider(&set), provider(""), "{set}");
        } else if !["otel.", "mcp_servers.", "plugins."]
            .iter()
            .any(|table| key.path.starts_with(table))
        {
            let set = ConfigOverride {
                key: key.path.to_owned(),
                value,
            };
            assert_eq!(load(&[set]), bare, "{}", key.path);
        }
    }
    assert!(compared > 40, "{compared}");
}

fn warnings(text: &str) -> Option<String> {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("config.toml"), text).expect("written");
    let source = ConfigSource {
        codex_home: home.path().to_owned(),
        ..ConfigSource::default()
    };
    let place = home.path().join("config.toml").display().to_string();
    let unknown = Config::load(&source, home.path(), &[])
        .expect("loads")
        .unknown_settings
        .clone();
    let all = key_warnings(&source, &[]);
    assert!(unknown.is_none_or(|unknown| all.as_ref().is_some_and(|all| all.starts_with(&unknown))));
    Some(all?.replace(&place, "config.toml"))
}

#[test]
fn keys_that_are_unknown_or_without_effect_are_told_apart() {
    assert_eq!(
        warnings(
            "modell = 'x'\norchestrator = 'x'\n[tools]\nnew = 1\n[apps]\nx = 1\n[skills]\nx = 1\n\
             [model_providers.p]\nname = 'P'\nnam = 'P'\naws = {}\n"
        )
        .as_deref(),
        Some(
            "3 settings are not known and have no effect. Check for typos and for names from other releases.\n  \
             user (config.toml): `model_providers.p.nam` is ignored.\n  \
             user (config.toml): `modell` is ignored.\n  \
             user (config.toml): `tools.new` is ignored.\n\
             3 settings have no effect.\n  \
             user (config.toml): `apps` is known but has no effect in this release.\n  \
             user (config.toml): `model_providers.p.aws` is known but has no effect in this release.\n  \
             user (config.toml): `orchestrator` is known but has no effect in this release."
        )
    );
    assert_eq!(
        warnings("[mcp_servers.a]\ncommand = 'c'\ncomand = 'c'\n").as_deref(),
        Some(
            "1 setting is not known and has no effect. Check for typos and for names from other releases.\n  \
             user (config.toml): `mcp_servers.a.comand` is ignored."
        )
    );
}

#[test]
fn members_of_tables_of_other_programs_are_known_by_name() {
    assert_eq!(
        warnings(
            "[tui]\ntheme = 'x'\nkeymap.x.y = 1\nnotifications = true\n[notice]\nmodel_migrations = {x = 'y'}\n\
             \"hide_gpt-5.1-codex-max_migration_prompt\" = true\n[tui.model_availability_nux]\n\"x.y\" = 1\n"
        ),
        None
    );
    assert_eq!(
        warnings("[tui]\nthem = 'x'\n[notice]\nhide = {}\n[projects.\"/x\"]\nnew = 1\n").as_deref(),
        Some(
            "3 settings are not known and have no effect. Check for typos and for names from other releases.\n  \
             user (config.toml): `notice.hide` is ignored.\n  \
             user (config.toml): `projects./x.new` is ignored.\n  \
             user (config.toml): `tui.them` is ignored."
        )
    );
}

#[test]
fn what_is_the_case_anyway_is_no_reason_to_warn() {
    assert_eq!(
        warnings(
            "model = 'm'\nhide_agent_reasoning = false\ncheck_for_update_on_startup = false\n\
             [analytics]\nenabled = false\n[history]\npersistence = 'none'\n[features]\napps = false\n"
        ),
        None
    );
}

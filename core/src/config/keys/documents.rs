//! The tables of keys in README.md and docs/contract/configuration.md.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::{Effect, KEYS, Key, Kind};
use crate::config::projects::IGNORED;

const BEGIN: &str = "<!-- keys: generated from core/src/config/keys.rs -->\n";
const END: &str = "<!-- end of keys -->\n";

/// Where the second table begins.
const PROVIDERS: &str = "model_providers.*.";

#[test]
fn the_readme_lists_the_keys_that_have_an_effect() {
    compare("README.md", &acting());
}

#[test]
fn the_contract_lists_the_keys_that_have_none() {
    compare("docs/contract/configuration.md", &accepted());
}

#[test]
fn the_contract_names_the_keys_that_projects_can_t_choose() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/contract/configuration.md");
    let text = std::fs::read_to_string(path).expect("a document");
    let words: Vec<_> = text.split_whitespace().collect();
    let sentence = format!("Projects can't choose {}: a", code_list(&IGNORED));
    assert!(words.join(" ").contains(&sentence), "{sentence}");
}

/// Compares the generated part of a file, or writes it anew if `UPDATE_README` is set.
fn compare(file: &str, generated: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = std::fs::read_to_string(&path).expect("a document");
    let begin = text.find(BEGIN).expect("a marker") + BEGIN.len();
    let end = begin + text[begin..].find(END).expect("a marker of the end");
    if std::env::var_os("UPDATE_README").is_some() {
        let text = format!("{}{generated}{}", &text[..begin], &text[end..]);
        std::fs::write(&path, text).expect("written");
    } else {
        assert_eq!(
            &text[begin..end],
            generated,
            "{file} is out of date: UPDATE_README=1 cargo test --workspace --lib config"
        );
    }
}

fn acting() -> String {
    let of_provider = |key: &&Key| key.path.starts_with(PROVIDERS);
    let (providers, others): (Vec<_>, Vec<_>) =
        KEYS.iter().filter(|key| is_shown(key)).partition(of_provider);
    let mut text = String::from("\n| key | value | default | what it does |\n|---|---|---|---|\n");
    for key in others {
        row(&mut text, key, key.path);
    }
    text += "\nA provider is a table `[model_providers.ID]`:\n\n";
    text += "| key of a provider | value | default | what it does |\n|---|---|---|---|\n";
    for key in providers {
        row(&mut text, key, &key.path[PROVIDERS.len()..]);
    }
    text + "\n"
}

/// Keys with an effect, but for tables whose members are shown.
fn is_shown(key: &Key) -> bool {
    let is_above = |other: &Key| {
        let rest = other.path.strip_prefix(key.path);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let is_table = matches!(key.kind, Kind::Table | Kind::CheckedTable | Kind::Features);
    matches!(key.effect, Effect::Since(_)) && !(is_table && KEYS.iter().any(is_above))
}

fn row(text: &mut String, key: &Key, name: &str) {
    let name = name.replace('*', "NAME");
    let value = match key.kind {
        Kind::Boolean => "boolean".to_owned(),
        Kind::Integer => "integer".to_owned(),
        Kind::Text => "string".to_owned(),
        Kind::Path => "path".to_owned(),
        Kind::Words(words) => code_list(words),
        Kind::List => "list of strings".to_owned(),
        Kind::Tables => "list of tables".to_owned(),
        Kind::TextOrList => "string or list of strings".to_owned(),
        Kind::TextOrTable => "string or table".to_owned(),
        Kind::Map => "table of strings".to_owned(),
        Kind::BooleanOrTable => "boolean or table".to_owned(),
        Kind::Table | Kind::CheckedTable | Kind::Features => "table".to_owned(),
        Kind::Any => "any".to_owned(),
    };
    let is_toml = format!("x = {}", key.default).parse::<toml::Table>().is_ok();
    let default = match key.default {
        value if is_toml => format!("`{}`", value.trim_matches('"')),
        words => words.to_owned(),
    };
    let since = match key.effect {
        Effect::Since(version) if version != "0.1.0" => format!(" (since {version})"),
        _ => String::new(),
    };
    let about = key.about;
    writeln!(text, "| `{name}` | {value} | {default} | {about}{since} |").expect("a text takes all");
}

fn accepted() -> String {
    let with = |effect| {
        let keys: Vec<_> = KEYS.iter().filter(|key| key.effect == effect).collect();
        let names: Vec<_> = keys.iter().map(|key| key.path).collect();
        code_list(&names)
    };
    format!(
        "\nKnown but without effect in this release, which is reported: {}.\n\n\
         Accepted silently, as they are for other programs or ask for what is the case anyway: {}.\n\n",
        with(Effect::NotYet),
        with(Effect::Moot)
    )
}

fn code_list(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

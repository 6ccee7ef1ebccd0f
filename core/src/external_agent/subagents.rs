//! Subagents: Markdown files that become TOML files.

use std::path::Path;

use toml_edit::{DocumentMut, value};

use super::ImportOutcome;
use super::files::{MAX_TEXT, create, entries, is_plain_name};
use super::place::Place;
use super::words::translate;
use crate::external_file::read_text;
use crate::skills::front_matter;
use crate::yaml::Yaml;

/// Words for effort that models of ours know.
const EFFORTS: [&str; 5] = ["minimal", "low", "medium", "high", "xhigh"];

/// A subagent.
struct Subagent {
    name: String,
    description: String,
    effort: Option<String>,
    instructions: String,
}

/// Subagents that are not here yet.
pub(super) fn new_names(place: &Place) -> Vec<String> {
    new_subagents(place)
        .into_iter()
        .map(|subagent| subagent.name)
        .collect()
}

fn new_subagents(place: &Place) -> Vec<Subagent> {
    let folder = place.claude.join("agents");
    let files = entries(&folder).into_iter();
    let files = files.filter(|(name, kind)| {
        kind.is_file() && Path::new(name).extension().is_some_and(|kind| kind == "md")
    });
    let mut subagents: Vec<_> = files
        .filter_map(|(name, _)| read(&read_text(&folder.join(name), MAX_TEXT).ok()?))
        .filter(|subagent| {
            let target = place.codex.join("agents").join(format!("{}.toml", subagent.name));
            target.symlink_metadata().is_err()
        })
        .collect();
    subagents.sort_by(|a, b| a.name.cmp(&b.name));
    subagents.dedup_by(|a, b| a.name == b.name);
    subagents
}

fn read(text: &str) -> Option<Subagent> {
    let parts = front_matter::split(text)?;
    let fields = parts.read().ok()?;
    let text = |key: &str| {
        fields
            .get(key)
            .and_then(Yaml::text)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let instructions = parts.body.trim();
    let name = text("name").filter(|name| is_plain_name(name))?;
    (!instructions.is_empty()).then_some(())?;
    Some(Subagent {
        name: name.to_owned(),
        description: translate(text("description")?).into_owned(),
        effort: text("effort")
            .filter(|effort| EFFORTS.contains(effort))
            .map(str::to_owned),
        instructions: translate(instructions).into_owned(),
    })
}

/// Makes files of subagents.
pub(super) fn import(place: &Place, wanted: &dyn Fn(&str) -> bool, outcome: &mut ImportOutcome) {
    for subagent in new_subagents(place) {
        if wanted(&subagent.name) {
            let path = place.codex.join("agents").join(format!("{}.toml", subagent.name));
            outcome.add(&subagent.name, create(&path, write(&subagent).as_bytes()));
        }
    }
}

fn write(subagent: &Subagent) -> String {
    let mut document = DocumentMut::new();
    document.insert("name", value(subagent.name.as_str()));
    document.insert("description", value(subagent.description.as_str()));
    if let Some(effort) = &subagent.effort {
        document.insert("model_reasoning_effort", value(effort.as_str()));
    }
    document.insert("developer_instructions", value(subagent.instructions.as_str()));
    document.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_subagent_says_of_itself_is_kept() {
        let text = "---\nname: rev\ndescription: Reviews: with Claude\nmodel: sonnet\neffort: high\n---\nYou are Claude.\n\n\"x\"\n";
        let table: toml::Table = write(&read(text).expect("one")).parse().expect("TOML");
        assert_eq!(table["description"].as_str(), Some("Reviews: with Codex"));
        assert_eq!(
            table["developer_instructions"].as_str(),
            Some("You are Codex.\n\n\"x\"")
        );
        assert_eq!(table["model_reasoning_effort"].as_str(), Some("high"));
        for odd in [
            "No front matter",
            "---\nname: a\n---\nx",
            "---\nname: ../a\ndescription: d\n---\nx",
            "---\nname: a\ndescription: d\n---\n",
        ] {
            assert!(read(odd).is_none(), "{odd}");
        }
    }
}

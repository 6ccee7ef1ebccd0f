//! Commands: prompts in files. They become skills.

use std::path::Path;

use super::ImportOutcome;
use super::files::{MAX_TEXT, create, entries, is_plain_name};
use super::place::Place;
use super::words::translate;
use crate::external_file::read_text;
use crate::skills::front_matter;
use crate::yaml::Yaml;

/// Folders of commands in one another.
const MAX_DEPTH: usize = 3;
/// Commands that are looked at.
const MAX_COMMANDS: usize = 500;
/// What names of such skills begin with.
const PREFIX: &str = "source-command-";

/// A command.
struct Command {
    /// As users call it.
    name: String,
    /// As the skill is called.
    skill: String,
    description: Option<String>,
    /// What the agent is told.
    prompt: String,
}

/// Skills of commands that are not here yet.
pub(super) fn new_names(place: &Place) -> Vec<String> {
    new_commands(place)
        .into_iter()
        .map(|command| command.skill)
        .collect()
}

fn new_commands(place: &Place) -> Vec<Command> {
    let mut commands = Vec::new();
    find(&place.claude.join("commands"), "", 0, &mut commands);
    commands.retain(|command| place.skills.join(&command.skill).symlink_metadata().is_err());
    commands.sort_by(|a, b| a.skill.cmp(&b.skill));
    commands.dedup_by(|a, b| a.skill == b.skill);
    commands
}

fn find(folder: &Path, above: &str, depth: usize, commands: &mut Vec<Command>) {
    for (name, kind) in entries(folder) {
        if commands.len() == MAX_COMMANDS {
            return;
        }
        let path = folder.join(&name);
        if kind.is_dir() && depth < MAX_DEPTH && is_plain_name(&name) {
            find(&path, &format!("{above}{name}:"), depth + 1, commands);
        } else if let Some(name) = name.strip_suffix(".md")
            && kind.is_file()
            && let Ok(text) = read_text(&path, MAX_TEXT)
        {
            commands.extend(read(&format!("{above}{name}"), &text));
        }
    }
}

/// A command; `None` if its prompt is put together when it is called, which skills can't do.
fn read(name: &str, text: &str) -> Option<Command> {
    let parts = front_matter::split(text);
    let fields = parts.as_ref().and_then(|parts| parts.read().ok());
    let prompt = parts.map_or(text, |parts| parts.body).trim();
    let has_argument = prompt.contains("$ARGUMENTS")
        || prompt
            .match_indices('$')
            .any(|(at, _)| prompt[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    let description = fields
        .as_ref()
        .and_then(|fields| fields.get("description"))
        .and_then(Yaml::text);
    let slug = name.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    let skill: String = PREFIX.chars().chain(slug).collect();
    (!prompt.is_empty() && !has_argument && !prompt.contains("!`") && skill.len() <= 64).then(|| Command {
        name: name.to_owned(),
        skill,
        description: description.map(|text| translate(text).into_owned()),
        prompt: translate(prompt).into_owned(),
    })
}

/// Makes skills of commands.
pub(super) fn import(place: &Place, wanted: &dyn Fn(&str) -> bool, outcome: &mut ImportOutcome) {
    for command in new_commands(place) {
        if wanted(&command.skill) {
            let path = place.skills.join(&command.skill).join("SKILL.md");
            outcome.add(&command.skill, create(&path, write(&command).as_bytes()));
        }
    }
}

fn write(command: &Command) -> String {
    let Command {
        name,
        skill,
        description,
        prompt,
    } = command;
    let about = description
        .clone()
        .unwrap_or_else(|| format!("The command `{name}` of another agent"));
    let quoted = serde_json::Value::from(about);
    format!(
        "---\nname: \"{skill}\"\ndescription: {quoted}\n---\n\n# {skill}\n\nUse this skill when the user asks for the command \
         `{name}`.\n\n## Command\n\n{prompt}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_become_skills_unless_they_take_arguments() {
        let command = read(
            "git:Tidy up",
            "---\ndescription: \"Tidies: all\"\n---\nAsk Claude to tidy.\n",
        )
        .expect("one");
        assert_eq!(command.skill, "source-command-git-tidy-up");
        let text = write(&command);
        let fields = front_matter::split(&text)
            .expect("front matter")
            .read()
            .expect("YAML");
        assert_eq!(
            fields.get("description").and_then(Yaml::text),
            Some("Tidies: all")
        );
        assert!(text.contains("\nAsk Codex to tidy.\n"));
        for odd in ["Do $ARGUMENTS", "Do $1", "Look at !`git status`", " \n"] {
            assert!(read("x", odd).is_none(), "{odd}");
        }
        assert!(read("x", "It costs $ or $x").is_some());
    }
}

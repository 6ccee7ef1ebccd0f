//! Which skills a user names: `$name` in a text, a link `[$name](path)`, or a skill that the client picked.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{FolderSkills, Skill};
use crate::config::SkillsConfig;

/// Skills of one message at most.
const MAX_SKILLS: usize = 32;
/// Variables that everybody has, so that they are hardly ever meant as skills.
const VARIABLES: [&str; 24] = [
    "CI", "DISPLAY", "EDITOR", "HOME", "HOSTNAME", "IFS", "LANG", "LOGNAME", "OLDPWD", "PAGER", "PATH",
    "PS1", "PWD", "RANDOM", "SHELL", "SHLVL", "TEMP", "TERM", "TMP", "TMPDIR", "UID", "USER", "USERNAME",
    "VISUAL",
];

/// What a message names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mentions {
    names: HashSet<String>,
    /// Of `SKILL.md` files.
    paths: HashSet<PathBuf>,
}

impl Mentions {
    /// Nothing is named.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.paths.is_empty()
    }

    /// A skill that the client picked, by its `SKILL.md`.
    pub(super) fn add_path(&mut self, path: &Path) {
        let path = path
            .to_str()
            .and_then(|path| path.strip_prefix("skill://"))
            .map_or(path, Path::new);
        self.paths.insert(skill_file(path.to_owned()));
    }

    /// What a text names.
    pub(super) fn add_text(&mut self, text: &str) {
        for (at, _) in text.match_indices('$') {
            let rest = &text[at + 1..];
            let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
            let (name, behind) = rest.split_at(end);
            if name.is_empty() {
                continue;
            }
            let link = text[..at]
                .ends_with('[')
                .then(|| behind.strip_prefix("](")?.split_once(')'))
                .flatten();
            if let Some((path, _)) = link {
                if !path.contains("://") || path.starts_with("skill://") {
                    self.add_path(Path::new(path.trim()));
                }
            } else if !VARIABLES.contains(&name) && !name.starts_with("XDG_") && !name.starts_with("LC_") {
                self.names.insert(name.to_owned());
            }
        }
    }

    /// The skills that are meant, in the order of lists. A name that several skills have means none of them.
    pub(super) fn find(&self, skills: &FolderSkills, config: &SkillsConfig) -> Vec<Arc<Skill>> {
        let enabled = || {
            let all = skills.skills.iter();
            all.filter(|skill| config.is_enabled(&skill.name, &skill.path, &skill.found))
        };
        let picked = |skill: &Skill| self.paths.contains(&skill.path) || self.paths.contains(&skill.found);
        // A colon may end a name or be part of it.
        let mut count = HashMap::new();
        for skill in enabled() {
            *count.entry(skill.name.as_str()).or_insert(0) += 1;
        }
        let names: HashSet<_> = self
            .names
            .iter()
            .map(|name| {
                let shorter = name.trim_end_matches(':');
                if count.contains_key(name.as_str()) {
                    name.as_str()
                } else {
                    shorter
                }
            })
            .filter(|name| count.get(name) == Some(&1))
            .collect();
        enabled()
            .filter(|skill| picked(skill) || names.contains(skill.name.as_str()))
            .take(MAX_SKILLS)
            .cloned()
            .collect()
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-')
}

/// The `SKILL.md` that a path means: itself, or the one in the folder.
fn skill_file(path: PathBuf) -> PathBuf {
    if path.file_name().is_some_and(|name| name == "SKILL.md") {
        path
    } else {
        path.join("SKILL.md")
    }
}

#[cfg(test)]
mod tests {
    use super::super::SkillScope;
    use super::*;

    fn folder(names: &[&str]) -> FolderSkills {
        let skill = |(n, name): (usize, &&str)| {
            let path: PathBuf = format!("/r/{n}/SKILL.md").into();
            Arc::new(Skill {
                name: (*name).into(),
                description: "d".into(),
                short_description: None,
                interface: None,
                tools: Vec::new(),
                found: path.clone(),
                path,
                scope: SkillScope::User,
                plugin_id: None,
                allow_implicit_invocation: false,
            })
        };
        FolderSkills {
            skills: names.iter().enumerate().map(skill).collect(),
            ..FolderSkills::default()
        }
    }

    fn found(text: &str) -> Vec<String> {
        let skills = folder(&["a", "b", "dup", "dup", "p:x", "x-y", "PATH"]);
        let mut mentions = Mentions::default();
        mentions.add_text(text);
        let all = mentions.find(&skills, &SkillsConfig::default());
        all.iter()
            .map(|skill| format!("{}@{}", skill.name, skill.path.display()))
            .collect()
    }

    #[test]
    fn names_count_wherever_they_stand_and_only_whole() {
        for (text, expected) in [
            (
                "use $b and $a, then `$a`",
                vec!["a@/r/0/SKILL.md", "b@/r/1/SKILL.md"],
            ),
            ("x$a. $$b", vec!["a@/r/0/SKILL.md", "b@/r/1/SKILL.md"]),
            ("$a-x ${b} $ab $", vec![]),
            ("$p:x $a: now", vec!["a@/r/0/SKILL.md", "p:x@/r/4/SKILL.md"]),
            ("$x-y", vec!["x-y@/r/5/SKILL.md"]),
            ("$dup $PATH $nobody", vec![]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn links_name_a_file_and_tell_apart_what_has_one_name() {
        assert_eq!(found("[$dup](/r/3/SKILL.md)"), ["dup@/r/3/SKILL.md"]);
        assert_eq!(found("[$whatever](skill:///r/2)"), ["dup@/r/2/SKILL.md"]);
        assert!(found("[$a](/elsewhere/SKILL.md) [$b](https://x/y)").is_empty());
        assert_eq!(found("[$a] (x)"), ["a@/r/0/SKILL.md"]);
    }
}

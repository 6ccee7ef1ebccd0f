//! `[skills]`: which skills are on, and what the model is told of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::home::expand_tilde;

/// `[skills]`. A member that can't be read counts as absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillsConfig {
    /// The model is told which skills there are.
    pub include_instructions: bool,
    /// Skills that come with the program count.
    pub bundled: bool,
    /// By name.
    names: HashMap<String, bool>,
    /// By `SKILL.md`.
    paths: HashMap<PathBuf, bool>,
}

impl Default for SkillsConfig {
    fn default() -> Self {
        Self::read(None)
    }
}

impl SkillsConfig {
    /// Reads the table `skills`.
    pub(super) fn read(table: Option<&Table>) -> Self {
        let get = |key: &str| table.and_then(|table| table.get(key));
        let mut config = Self {
            include_instructions: get("include_instructions")
                .and_then(Value::as_bool)
                .unwrap_or(true),
            bundled: get("bundled")
                .and_then(|bundled| bundled.get("enabled")?.as_bool())
                .unwrap_or(true),
            names: HashMap::new(),
            paths: HashMap::new(),
        };
        let entries = get("config").and_then(Value::as_array);
        for entry in entries.into_iter().flatten() {
            let text = |key: &str| entry.get(key).and_then(Value::as_str);
            let Some(enabled) = entry.get("enabled").and_then(Value::as_bool) else {
                continue;
            };
            // The last one counts.
            match (text("path"), text("name")) {
                (Some(path), None) => {
                    let path = expand_tilde(Path::new(path)).into_owned();
                    config.paths.insert(path, enabled);
                }
                (None, Some(name)) => {
                    config.names.insert(name.to_owned(), enabled);
                }
                _ => {}
            }
        }
        config
    }

    /// Whether a skill is on. What is said of its file, by its own path or the one it was found at, counts more than
    /// what is said of its name.
    pub fn is_enabled(&self, name: &str, path: &Path, found: &Path) -> bool {
        if self.names.is_empty() && self.paths.is_empty() {
            return true;
        }
        let of_path = || self.paths.get(path).or_else(|| self.paths.get(found));
        of_path()
            .or_else(|| self.names.get(name))
            .copied()
            .unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SkillsConfig {
        let table: Table = text.parse().expect("TOML");
        SkillsConfig::read(table.get("skills").and_then(Value::as_table))
    }

    #[test]
    fn the_last_entry_counts_and_paths_count_more_than_names() {
        let config = read(
            "[[skills.config]]\nname = 'a'\nenabled = false\n[[skills.config]]\npath = '/s/b/SKILL.md'\nenabled = false\n\
             [[skills.config]]\nname = 'c'\nenabled = false\n[[skills.config]]\nname = 'c'\nenabled = true\n\
             [[skills.config]]\npath = '/s/d/SKILL.md'\nenabled = true\n[[skills.config]]\nname = 'd'\nenabled = false\n\
             [[skills.config]]\npath = '/s/e'\nenabled = false\n",
        );
        let on = |name: &str, path: &str| config.is_enabled(name, Path::new(path), Path::new("/other"));
        assert!(!on("a", "/s/a/SKILL.md"));
        assert!(!on("b", "/s/b/SKILL.md"));
        assert!(on("c", "/s/c/SKILL.md") && on("d", "/s/d/SKILL.md") && on("e", "/s/e/SKILL.md"));
    }

    #[test]
    fn what_can_t_be_read_costs_only_itself() {
        let config = read(
            "[skills]\ninclude_instructions = 3\nbundled = { enabled = false }\n[[skills.config]]\nname = 5\nenabled = \
             false\n[[skills.config]]\nname = 'a'\npath = '/b'\nenabled = false\n",
        );
        assert!(config.include_instructions && !config.bundled);
        assert!(config.is_enabled("a", Path::new("/b/SKILL.md"), Path::new("/b/SKILL.md")));
        let config = read("skills = { config = 'x', bundled = 1 }");
        assert!(config.bundled);
    }
}

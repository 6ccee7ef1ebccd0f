//! Switches skills on and off: entries of `[[skills.config]]` in the home's `config.toml`.

use std::path::{Path, PathBuf};

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use crate::config::{ConfigWriteError, edit_user_file};

/// What is wrong with a configuration that is no list where one is expected.
const NO_LIST: &str = "`skills.config` is no list of tables; make it one, or remove it";

/// Which skills are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkillSelector {
    /// All of this name.
    Name(String),
    /// The one with this `SKILL.md`, absolute. Anything else is kept, but switches nothing.
    Path(PathBuf),
}

impl SkillSelector {
    /// The same by its real path, if there is anything. Blocks.
    #[must_use]
    pub fn without_links(self) -> Self {
        match self {
            Self::Path(path) => Self::Path(std::fs::canonicalize(&path).unwrap_or(path)),
            Self::Name(name) => Self::Name(name),
        }
    }
}

/// Switches skills on or off in the `config.toml` of a home. Everything else in it stays as it is. Blocks.
pub fn switch_skill(
    codex_home: &Path,
    selector: &SkillSelector,
    enabled: bool,
) -> Result<(), ConfigWriteError> {
    edit_user_file(codex_home, &|document| {
        switch(document, selector, enabled).map_err(str::to_owned)
    })
}

/// To be on is the default, so what is on needs no entry.
fn switch(document: &mut DocumentMut, selector: &SkillSelector, enabled: bool) -> Result<(), &'static str> {
    if enabled && document.get("skills").is_none() {
        return Ok(());
    }
    // Blank lines at the end stay before what is added.
    let end = document.trailing().as_str().unwrap_or_default().to_owned();
    let blank = end.trim().is_empty() && !enabled;
    if blank {
        document.set_trailing("");
    }
    let skills = document.entry("skills").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let skills = skills.as_table_like_mut().ok_or(NO_LIST)?;
    if skills.get("config").is_none() {
        if enabled {
            return Ok(());
        }
        let empty = if skills.is_dotted() {
            value(Array::new())
        } else {
            Item::ArrayOfTables(ArrayOfTables::new())
        };
        skills.insert("config", empty);
    }
    let is_empty = match skills.get_mut("config") {
        Some(Item::ArrayOfTables(entries)) => {
            entries.retain(|entry| !is_meant(entry, selector));
            if !enabled {
                let mut entry = Table::new();
                fill(&mut entry, selector);
                if blank {
                    entry.decor_mut().set_prefix(format!("{end}\n"));
                }
                entries.push(entry);
            }
            entries.is_empty()
        }
        Some(Item::Value(Value::Array(entries))) => {
            entries.retain(|entry| {
                !entry
                    .as_inline_table()
                    .is_some_and(|entry| is_meant(entry, selector))
            });
            if !enabled {
                let mut entry = InlineTable::new();
                fill(&mut entry, selector);
                entries.push(entry);
            }
            entries.is_empty()
        }
        _ => return Err(NO_LIST),
    };
    if is_empty {
        skills.remove("config");
    }
    Ok(())
}

fn is_meant(entry: &dyn TableLike, selector: &SkillSelector) -> bool {
    let text = |key: &str| entry.get(key).and_then(Item::as_str);
    match selector {
        SkillSelector::Name(name) => text("name") == Some(name) && text("path").is_none(),
        SkillSelector::Path(path) => text("path").is_some_and(|other| is_same(Path::new(other), path)),
    }
}

/// Whether a path is this one, as it stands or without links. Blocks.
fn is_same(other: &Path, path: &Path) -> bool {
    other == path || std::fs::canonicalize(other).is_ok_and(|other| other == path)
}

fn fill(entry: &mut dyn TableLike, selector: &SkillSelector) {
    match selector {
        SkillSelector::Name(name) => entry.insert("name", value(name.as_str())),
        SkillSelector::Path(path) => entry.insert("path", value(&*path.to_string_lossy())),
    };
    entry.insert("enabled", value(false));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switched(text: &str, selector: &SkillSelector, enabled: bool) -> String {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::write(home.path().join("config.toml"), text).expect("a file");
        switch_skill(home.path(), selector, enabled).expect("switched");
        std::fs::read_to_string(home.path().join("config.toml")).expect("a file")
    }

    #[test]
    fn an_entry_comes_and_goes_and_all_else_stays() {
        let before = "# mine\nmodel = \"m\"   # this one\n\n[tui]\nx = 1\n";
        let a = SkillSelector::Name("a".into());
        let off = switched(before, &a, false);
        assert!(off.starts_with(before), "{off}");
        assert!(
            off.ends_with("[[skills.config]]\nname = \"a\"\nenabled = false\n"),
            "{off}"
        );
        assert_eq!(switched(&off, &a, false).matches("[[skills").count(), 1);
        let path = SkillSelector::Path("/s/b/SKILL.md".into());
        let both = switched(&off, &path, false);
        assert_eq!(both.matches("[[skills.config]]").count(), 2, "{both}");
        let on = switched(&both, &a, true);
        assert!(!on.contains("\"a\"") && on.contains("/s/b/SKILL.md"), "{on}");
        assert_eq!(switched(&on, &path, true).trim_end(), before.trim_end());
    }

    #[test]
    fn lists_in_one_line_and_tables_with_other_members_are_changed_too() {
        let a = SkillSelector::Name("a".into());
        for text in [
            "skills = { config = [{ name = 'b', enabled = false }] }\n",
            "[skills]\ninclude_instructions = false\n",
            "skills.bundled.enabled = false\n",
            "skills = { bundled = { enabled = false } }\n",
            "[skills.bundled]\nenabled = false\n",
            "",
        ] {
            let off = switched(text, &a, false);
            let read: toml::Table = off
                .parse()
                .unwrap_or_else(|error| panic!("{text}: {error}: {off}"));
            let entries = read["skills"]["config"].as_array().expect("a list");
            assert!(
                entries.iter().any(|entry| entry["name"].as_str() == Some("a")),
                "{off}"
            );
            let on: toml::Table = switched(&off, &a, true).parse().expect("TOML");
            assert!(!on.to_string().contains("\"a\""));
        }
        let home = tempfile::tempdir().expect("a folder");
        std::fs::write(home.path().join("config.toml"), "skills = 5\n").expect("a file");
        assert!(switch_skill(home.path(), &a, false).is_err());
    }

    #[test]
    fn a_link_stays_a_link() {
        let home = tempfile::tempdir().expect("a folder");
        let real = home.path().join("real.toml");
        std::fs::write(&real, "# mine\n").expect("a file");
        std::os::unix::fs::symlink(&real, home.path().join("config.toml")).expect("a link");
        switch_skill(home.path(), &SkillSelector::Name("a".into()), false).expect("switched");
        assert!(
            std::fs::read_to_string(&real)
                .expect("a file")
                .contains("name = \"a\"")
        );
        assert!(home.path().join("config.toml").is_symlink());
    }
}

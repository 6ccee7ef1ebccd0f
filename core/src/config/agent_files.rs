//! Roles that have files of their own: `<home>/agents/*.toml` (docs/contract/agents.md#roles-and-limits).

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::agents::{AgentRole, AgentsConfig};
use crate::external_file::read_text;
use crate::file_stamp::FileStamp;

/// Most files that are looked at.
const MAX_FILES: usize = 100;
/// Largest file, in bytes.
const MAX_FILE: usize = 64 << 10;

/// The files, in order, and what they are like now.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RoleFiles(Vec<(PathBuf, Option<FileStamp>)>);

impl RoleFiles {
    /// Those that are there. Reads none of them.
    pub(super) fn find(codex_home: &Path) -> Self {
        let Ok(entries) = std::fs::read_dir(codex_home.join("agents")) else {
            return Self::default();
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
        let stamped = paths.take(MAX_FILES).map(|path| {
            let stamp = FileStamp::of(&path);
            (path, stamp)
        });
        let mut files: Vec<_> = stamped.collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        Self(files)
    }

    /// Reads them, and adds their roles, unless there is one of the same name. Says which files are no roles.
    pub(super) fn add_to(&self, agents: &mut AgentsConfig) -> Vec<String> {
        let mut warnings = Vec::new();
        for (path, _) in &self.0 {
            match read(path) {
                Ok((name, role)) => drop(agents.roles.entry(name).or_insert(role)),
                Err(why) => warnings.push(format!(
                    "Ignoring malformed agent role definition: agent role file at {} {why}",
                    path.display()
                )),
            }
        }
        warnings
    }
}

fn read(path: &Path) -> Result<(String, AgentRole), String> {
    let text = read_text(path, MAX_FILE).map_err(|error| format!("can't be read: {error}"))?;
    let table: Table = text
        .parse()
        .map_err(|error: toml::de::Error| format!("is not TOML: {}", error.message()))?;
    let text = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(format!("must define `{key}` as a text")),
    };
    let name = text("name")?.ok_or("must define a non-empty `name`")?;
    let nicknames = match table.get("nickname_candidates") {
        None => Vec::new(),
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        Some(_) => return Err("must define `nickname_candidates` as a list of texts".to_owned()),
    };
    let role = AgentRole {
        description: text("description")?,
        // The rest of the file is what makes its agents different.
        config_file: Some(path.to_owned()),
        nicknames,
        ..AgentRole::default()
    };
    Ok((name, role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_roles_unless_they_have_no_name_or_the_name_is_taken() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("agents");
        let mut agents = AgentsConfig::default();
        assert_eq!(RoleFiles::find(home.path()), RoleFiles::default());
        std::fs::create_dir(&folder).expect("made");
        for (name, text) in [
            (
                "a.toml",
                "name = 'reader'\ndescription = 'Reads.'\nmodel = 'm'\nnickname_candidates = ['Zed']",
            ),
            ("b.toml", "name ="),
            ("c.toml", "description = 'no name'"),
            ("d.toml", "name = 'own'\ndescription = 'file'"),
            ("e.txt", "name = 'no'"),
        ] {
            std::fs::write(folder.join(name), text).expect("written");
        }
        agents.roles.insert("own".to_owned(), AgentRole::default());
        let warnings = RoleFiles::find(home.path()).add_to(&mut agents);
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(
            warnings[1].ends_with("c.toml must define a non-empty `name`"),
            "{warnings:?}"
        );
        assert_eq!(agents.roles.keys().collect::<Vec<_>>(), ["own", "reader"]);
        assert_eq!(agents.roles["own"].description, None);
        let reader = &agents.roles["reader"];
        assert_eq!(
            (reader.description.as_deref(), reader.nicknames.as_slice()),
            (Some("Reads."), &["Zed".to_owned()][..])
        );
        assert_eq!(reader.config_file, Some(folder.join("a.toml")));
    }
}

//! Which hooks there are in a folder: those of all layers of the configuration, and whether they may run.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::definition::{Hook, HookFile, HookReader};
use super::trust::HookStates;
use crate::config::{
    self, Config, ConfigOverride, ConfigSource, TrustLevel, WorkingFolder, override_table, project_folders,
    to_json, without_values,
};
use crate::external_file::read_text;
use crate::file_stamp::FileStamp;
use crate::{HookEvent, HookList, HookSource, HookTrust, features, plugins};

/// Largest file that hooks are read from, in bytes.
const MAX_FILE: usize = 1 << 20;

/// What the hooks of clients and of the command line are in; there is no such file.
const SESSION_FLAGS: &str = "/<session-flags>/config.toml";

/// The hooks of a folder.
#[derive(Debug, Default)]
pub(crate) struct HookCatalog {
    /// In the order in which they run.
    hooks: Vec<Arc<Hook>>,
    /// What is wrong with single hooks.
    pub(crate) warnings: Vec<String>,
    /// Why the configuration can't be read.
    errors: Vec<String>,
    /// What it was read from.
    files: Files,
}

impl HookCatalog {
    /// Reads the hooks of a folder. Blocks as long as the file system does.
    pub(crate) fn load(source: &ConfigSource, cwd: &Path, overrides: &[ConfigOverride]) -> Self {
        let folder = WorkingFolder::new(cwd);
        match Config::load_in(source, &folder, overrides) {
            Ok(config) => Self::of_config(&config, source, &folder, overrides),
            Err(error) => Self {
                errors: vec![error.to_string()],
                files: Files::new(source),
                ..Self::default()
            },
        }
    }

    /// As [`Self::load`], with the configuration of that folder.
    pub(crate) fn of_config(
        config: &Config,
        source: &ConfigSource,
        folder: &WorkingFolder,
        overrides: &[ConfigOverride],
    ) -> Self {
        let mut files = Files::default();
        let mut reader = HookReader::default();
        let mut states = HookStates::default();
        let mut only_managed = false;
        if config.features.enabled(features::HOOKS) {
            if let Some(system) = &source.system_folder {
                only_managed = files.read_managed(&mut reader, system);
                files.read_layer(&mut reader, system, HookSource::System);
            }
            let state = files.read_layer(&mut reader, &source.codex_home, HookSource::User);
            states.add(state.as_ref());
            if config.trust == Some(TrustLevel::Trusted) {
                let root = folder.project_root(&config.project_root_markers);
                let folders = project_folders(root.unwrap_or(folder.path), folder.path).into_iter();
                let folders = folders.map(|folder| folder.join(".codex"));
                for folder in folders.filter(|folder| *folder != source.codex_home) {
                    files.read_layer(&mut reader, &folder, HookSource::Project);
                }
            }
            for given in [&source.overrides, overrides] {
                let table = override_table(given);
                if let Some(Value::Object(events)) = table.get("hooks").map(to_json) {
                    states.add(events.get("state"));
                    let file = HookFile::new(Path::new(SESSION_FLAGS), HookSource::SessionFlags);
                    reader.read(file, &events);
                }
            }
            for plugin in plugins::hooks(config, &mut reader.warnings) {
                files.note(&plugin.path);
                reader.read(HookFile::of_plugin(&plugin), &plugin.events);
            }
        } else {
            files = Files::new(source);
        }
        let HookReader { hooks, warnings } = reader;
        let decide = |mut hook: Hook| {
            let description = &mut hook.description;
            let (trust, enabled) = states.of(&description.key, &description.current_hash, description.source);
            description.trust = trust;
            description.enabled = enabled && (!only_managed || trust == HookTrust::Managed);
            Arc::new(hook)
        };
        Self {
            hooks: hooks.into_iter().map(decide).collect(),
            warnings,
            errors: Vec::new(),
            files,
        }
    }

    /// Whether the configuration could not be read.
    pub(crate) fn is_broken(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Whether what it was read from has changed. Blocks as long as the file system does.
    pub(crate) fn is_stale(&self) -> bool {
        self.files.have_changed()
    }

    /// The hooks of these events only.
    pub(crate) fn only(&self, events: &[HookEvent]) -> Self {
        let is_meant = |hook: &&Arc<Hook>| events.contains(&hook.description.event);
        Self {
            hooks: self.hooks.iter().filter(is_meant).cloned().collect(),
            ..Self::default()
        }
    }

    /// The hooks of an event that may run.
    pub(crate) fn of(&self, event: HookEvent) -> impl Iterator<Item = &Arc<Hook>> {
        self.hooks.iter().filter(move |hook| {
            let description = &hook.description;
            description.event == event
                && description.enabled
                && matches!(description.trust, HookTrust::Managed | HookTrust::Trusted)
        })
    }

    /// As clients see it.
    pub(crate) fn list(&self) -> HookList {
        HookList {
            hooks: self.hooks.iter().map(|hook| hook.description.clone()).collect(),
            warnings: self.warnings.clone(),
            errors: self.errors.clone(),
        }
    }
}

/// `hooks.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HooksFile {
    #[serde(default, rename = "description")]
    _description: Option<IgnoredAny>,
    #[serde(default)]
    hooks: Map<String, Value>,
}

/// Files, and how they were.
#[derive(Debug, Default)]
struct Files(Vec<(PathBuf, Option<FileStamp>)>);

impl Files {
    fn new(source: &ConfigSource) -> Self {
        let mut files = Self::default();
        for folder in [Some(&source.codex_home), source.system_folder.as_ref()]
            .into_iter()
            .flatten()
        {
            files.note(&folder.join("config.toml"));
        }
        files
    }

    /// Remembers how a file is before it is read. False: it is certain that there is none.
    fn note(&mut self, path: &Path) -> bool {
        let found = std::fs::metadata(path);
        self.remember(path, found.as_ref().ok().map(FileStamp::from));
        !found.is_err_and(|error| error.kind() == ErrorKind::NotFound)
    }

    fn remember(&mut self, path: &Path, stamp: Option<FileStamp>) {
        if self.0.iter().all(|(known, _)| known != path) {
            self.0.push((path.to_owned(), stamp));
        }
    }

    fn have_changed(&self) -> bool {
        self.0.iter().any(|(path, before)| FileStamp::of(path) != *before)
    }

    /// A file's text, if there is a file. What can't be read is told.
    fn text(&mut self, path: &Path, warnings: &mut Vec<String>) -> Option<String> {
        if !self.note(path) {
            return None;
        }
        match read_text(path, MAX_FILE) {
            Ok(text) => Some(text),
            Err(error) if error.is_missing() => None,
            Err(error) => {
                let path = path.display();
                warnings.push(format!("failed to parse hooks config {path}: {error}"));
                None
            }
        }
    }

    /// A TOML file, if there is one. The configuration keeps it.
    fn toml(&mut self, path: &Path, warnings: &mut Vec<String>) -> Option<Arc<config::File>> {
        match config::read_cached(path) {
            Ok(file) => {
                self.remember(path, file.as_ref().map(|file| file.stamp()));
                file
            }
            Err(error) => {
                self.note(path);
                let (path, why) = (path.display(), error.problem().message);
                warnings.push(format!("failed to parse hooks config {path}: {why}"));
                None
            }
        }
    }

    /// Reads `hooks.json` and `config.toml` of a folder. Gives what it says of the state of hooks.
    fn read_layer(&mut self, reader: &mut HookReader, folder: &Path, source: HookSource) -> Option<Value> {
        let json_path = folder.join("hooks.json");
        let from_json =
            self.text(&json_path, &mut reader.warnings).and_then(|text| {
                match serde_json::from_str::<HooksFile>(&text) {
                    Ok(file) => Some(file.hooks),
                    Err(error) => {
                        let (path, why) = (json_path.display(), without_values(&error.to_string()));
                        let text = format!("failed to parse hooks config {path}: {why}");
                        reader.warnings.push(text);
                        None
                    }
                }
            });
        let toml_path = folder.join("config.toml");
        let toml = self.toml(&toml_path, &mut reader.warnings);
        let from_toml = match toml.and_then(|file| file.table.get("hooks").map(to_json)) {
            Some(Value::Object(table)) => table,
            _ => Map::new(),
        };
        let has_hooks = |events: &Map<String, Value>| {
            HookEvent::ALL
                .iter()
                .any(|event| events.contains_key(event.name()))
        };
        if from_json.as_ref().is_some_and(has_hooks) && has_hooks(&from_toml) {
            reader.warnings.push(format!(
                "loading hooks from both {} and {}; prefer a single representation for this layer",
                json_path.display(),
                toml_path.display()
            ));
        }
        if let Some(events) = &from_json {
            reader.read(HookFile::new(&json_path, source), events);
        }
        reader.read(HookFile::new(&toml_path, source), &from_toml);
        from_toml.get("state").cloned()
    }

    /// Reads the hooks that an administrator demands. Whether no others may run.
    fn read_managed(&mut self, reader: &mut HookReader, system: &Path) -> bool {
        let path = system.join("requirements.toml");
        let Some(file) = self.toml(&path, &mut reader.warnings) else {
            return false;
        };
        let only_managed = file
            .table
            .get("allow_managed_hooks_only")
            .and_then(toml::Value::as_bool);
        if let Some(Value::Object(events)) = file.table.get("hooks").map(to_json) {
            let file = HookFile::new(&path, HookSource::System);
            reader.read(file, &events);
        }
        only_managed == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::HookHandler;

    const STOP: &str = "[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = \"command\"\ncommand = ";

    struct Machine {
        folder: tempfile::TempDir,
        source: ConfigSource,
    }

    impl Machine {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            for name in [
                "home",
                "system",
                "project/.codex",
                "project/.git",
                "project/below/.codex",
            ] {
                fs::create_dir_all(folder.path().join(name)).expect("made");
            }
            fs::write(folder.path().join("project/.git/HEAD"), "ref: refs/heads/main\n").expect("written");
            let source = ConfigSource {
                codex_home: folder.path().join("home"),
                system_folder: Some(folder.path().join("system")),
                ..ConfigSource::default()
            };
            Self { folder, source }
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.folder.path().join(name), text).expect("written");
        }

        fn load(&self, cwd: &str, overrides: &[ConfigOverride]) -> HookCatalog {
            HookCatalog::load(&self.source, &self.folder.path().join(cwd), overrides)
        }
    }

    fn command(hook: &Arc<Hook>) -> Option<&str> {
        match &hook.description.handler {
            HookHandler::Command { command, .. } => Some(command),
            HookHandler::McpTool { .. } => None,
        }
    }

    fn commands(catalog: &HookCatalog) -> Vec<&str> {
        catalog.hooks.iter().filter_map(command).collect()
    }

    #[test]
    fn layers_come_one_after_the_other_and_projects_only_when_trusted() {
        let machine = Machine::new();
        machine.write("system/requirements.toml", &format!("{STOP}'managed'\n"));
        machine.write("system/config.toml", &format!("{STOP}'system'\n"));
        machine.write(
            "home/hooks.json",
            r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"json"}]}]}}"#,
        );
        machine.write("home/config.toml", &format!("{STOP}'user'\n"));
        machine.write("project/.codex/config.toml", &format!("{STOP}'outer'\n"));
        machine.write("project/below/.codex/config.toml", &format!("{STOP}'inner'\n"));
        let given = ConfigOverride::from_json(
            serde_json::json!({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "client"}]}]}})
                .as_object()
                .expect("an object"),
        )
        .expect("overrides");
        let catalog = machine.load("project/below", &given);
        assert_eq!(
            commands(&catalog),
            ["managed", "system", "json", "user", "client"]
        );
        assert!(
            catalog.warnings[0].starts_with("loading hooks from both "),
            "{:?}",
            catalog.warnings
        );
        let running: Vec<_> = catalog.of(HookEvent::Stop).filter_map(command).collect();
        assert_eq!(running, ["managed", "system"], "no others are trusted");

        assert!(!catalog.is_stale());
        let project = machine.folder.path().join("project");
        machine.write(
            "home/config.toml",
            &format!(
                "{STOP}'user'\n[projects.'{}']\ntrust_level = 'trusted'\n",
                project.display()
            ),
        );
        assert!(catalog.is_stale());
        let catalog = machine.load("project/below", &[]);
        assert_eq!(
            commands(&catalog),
            ["managed", "system", "json", "user", "outer", "inner"]
        );
        machine.write("system/requirements.toml", "allow_managed_hooks_only = true\n");
        let catalog = machine.load("project/below", &[]);
        assert!(
            catalog
                .hooks
                .iter()
                .all(|hook| hook.description.enabled == (hook.description.trust == HookTrust::Managed))
        );
    }

    #[test]
    fn trust_and_mistakes_are_told() {
        let machine = Machine::new();
        machine.write("home/config.toml", &format!("{STOP}'user'\n"));
        let hash = machine.load("project", &[]).hooks[0]
            .description
            .current_hash
            .clone();
        let key = machine.load("project", &[]).hooks[0].description.key.clone();
        machine.write(
            "home/config.toml",
            &format!("{STOP}'user'\n[hooks.state.'{key}']\ntrusted_hash = '{hash}'\n"),
        );
        assert_eq!(machine.load("project", &[]).of(HookEvent::Stop).count(), 1);
        machine.write("home/hooks.json", r#"{"hooks":{},"more":1}"#);
        let catalog = machine.load("project", &[]);
        assert!(
            catalog.warnings[0].starts_with("failed to parse hooks config "),
            "{:?}",
            catalog.warnings
        );
        machine.write("home/config.toml", "[features]\nhooks = false\n");
        assert!(machine.load("project", &[]).hooks.is_empty());
        machine.write("home/config.toml", "[hooks\n");
        let catalog = machine.load("project", &[]);
        assert!(catalog.is_broken() && catalog.list().errors[0].contains("config.toml"));
    }
}

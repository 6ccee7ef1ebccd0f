//! What is in a plugin: folders of skills, MCP servers, hooks, and a hash of all of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::confined;
use super::manifest::{Manifest, texts};
use super::plugin_id::PluginId;
use crate::external_file;
use crate::file_stamp::FileStamp;
use crate::hex::hex;
use crate::skills::PluginSkills;

/// Files of a plugin, and folders.
pub(super) const MAX_ENTRIES: usize = 10_000;
/// Depth of its folders.
pub(super) const MAX_DEPTH: usize = 24;
/// Bytes of a plugin that is copied.
pub(super) const MAX_BYTES: u64 = 256 << 20;
/// Bytes of one with hooks, all of which are read to tell whether it has changed.
const MAX_HASHED: u64 = 32 << 20;
/// MCP servers of a plugin.
const MAX_SERVERS: usize = 64;
/// Variables of which a plugin's files may speak.
const ROOT_VARIABLES: [&str; 2] = ["CLAUDE_PLUGIN_ROOT", "PLUGIN_ROOT"];
const DATA_VARIABLES: [&str; 2] = ["CLAUDE_PLUGIN_DATA", "PLUGIN_DATA"];

/// Hooks of one file of a plugin, or of its manifest.
#[derive(Debug)]
pub(super) struct HookTable {
    /// What keys of its hooks begin with, behind the plugin.
    pub(super) key: String,
    pub(super) path: PathBuf,
    pub(super) events: Map<String, Value>,
}

/// Where a plugin is, and where it may keep data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PluginPlaces {
    pub(super) root: PathBuf,
    pub(super) data: PathBuf,
}

impl PluginPlaces {
    pub(super) fn new(codex_home: &Path, id: &PluginId, root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            data: codex_home.join("plugins/data").join(id.folder_name()),
        }
    }

    /// What its commands have in their environment.
    pub(super) fn variables(&self) -> Vec<(String, PathBuf)> {
        let root = ROOT_VARIABLES.map(|name| (name.to_owned(), self.root.clone()));
        let data = DATA_VARIABLES.map(|name| (name.to_owned(), self.data.clone()));
        root.into_iter().chain(data).collect()
    }

    /// Puts the folders in the place of these variables, in the form `${NAME}`, in all texts of a value.
    pub(super) fn expand(&self, value: &mut Value) {
        match value {
            Value::String(text) if text.contains("${") => *text = self.expanded(text),
            Value::Array(list) => list.iter_mut().for_each(|value| self.expand(value)),
            Value::Object(members) => members.values_mut().for_each(|value| self.expand(value)),
            _ => {}
        }
    }

    fn expanded(&self, text: &str) -> String {
        let variables = self.variables();
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, reference) = rest.split_at(start);
            expanded.push_str(before);
            let known = variables.iter().find_map(|(name, path)| {
                let rest = reference[2..].strip_prefix(name.as_str())?.strip_prefix('}')?;
                Some((path.to_string_lossy(), rest))
            });
            // What stands in the name of a folder is no reference.
            match known {
                Some((path, behind)) => {
                    expanded.push_str(&path);
                    rest = behind;
                }
                None => {
                    expanded.push_str("${");
                    rest = &reference[2..];
                }
            }
        }
        expanded.push_str(rest);
        expanded
    }
}

/// Folders with skills. Those that lead out of the plugin are not meant; without any other the default one counts, as for
/// what follows. Blocks as long as the file system does, as what follows.
pub(super) fn skills(manifest: &Manifest, id: &PluginId) -> Vec<PluginSkills> {
    let mut named = match manifest.member("skills") {
        Some(Value::String(path)) => vec![path.clone()],
        list => texts(list),
    };
    named.retain(|path| confined::named(&manifest.root, path).is_some());
    if named.is_empty() {
        named.push("skills".to_owned());
    }
    let folders = named
        .iter()
        .filter_map(|path| confined::existing(&manifest.root, path));
    let of_folder = |path| PluginSkills {
        path,
        boundary: manifest.root.clone(),
        name: manifest.name().unwrap_or(&id.plugin).to_owned(),
        plugin_id: id.to_string(),
    };
    folders.map(of_folder).collect()
}

/// Its MCP servers, by name, as they are written.
pub(super) fn servers(manifest: &Manifest) -> Vec<(String, Map<String, Value>)> {
    let table = match manifest.member("mcpServers") {
        Some(Value::Object(servers)) => Some(servers.clone()),
        Some(Value::String(path)) if confined::named(&manifest.root, path).is_some() => {
            servers_in(manifest, path)
        }
        _ => servers_in(manifest, ".mcp.json"),
    };
    let servers = table.into_iter().flatten().take(MAX_SERVERS);
    servers
        .filter_map(|(name, server)| match server {
            Value::Object(server) if !name.is_empty() => Some((name, server)),
            _ => None,
        })
        .collect()
}

fn servers_in(manifest: &Manifest, path: &str) -> Option<Map<String, Value>> {
    let path = confined::named(&manifest.root, path)?;
    let Ok(Value::Object(mut file)) = confined::json(&manifest.root, &path) else {
        return None;
    };
    match file.remove("mcpServers") {
        Some(Value::Object(servers)) => Some(servers),
        Some(_) => None,
        None => Some(file),
    }
}

/// Its hooks. What can't be read is told.
pub(super) fn hooks(manifest: &Manifest, warnings: &mut Vec<String>) -> Vec<HookTable> {
    let mut tables = Vec::new();
    let of_file = |path: &str, is_default: bool, warnings: &mut Vec<String>| {
        let file = confined::named(&manifest.root, path)?;
        let key = file.strip_prefix(&manifest.root).ok()?.to_str()?.to_owned();
        match confined::json(&manifest.root, &file) {
            Ok(Value::Object(mut members)) => {
                let Some(Value::Object(events)) = members.remove("hooks") else {
                    return None;
                };
                Some(HookTable {
                    key,
                    path: file,
                    events,
                })
            }
            Ok(_) => None,
            Err(error) if is_default && error.is_missing() => None,
            Err(error) => {
                warnings.push(format!(
                    "failed to parse hooks config {}: {error}",
                    file.display()
                ));
                None
            }
        }
    };
    let inline = |number: usize, members: &Map<String, Value>| {
        Some(HookTable {
            key: format!("plugin.json#hooks[{number}]"),
            path: manifest.path.clone(),
            events: members.get("hooks")?.as_object()?.clone(),
        })
    };
    let named = match manifest.member("hooks") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => slice::from_ref(one),
        None => &[],
    };
    let is_meant = |entry: &Value| match entry {
        Value::String(path) => confined::named(&manifest.root, path).is_some(),
        entry => entry.is_object(),
    };
    if !named.iter().any(is_meant) {
        tables.extend(of_file("hooks/hooks.json", true, warnings));
    }
    for (number, entry) in named.iter().enumerate().take(64) {
        match entry {
            Value::String(path) => tables.extend(of_file(path, false, warnings)),
            Value::Object(members) => tables.extend(inline(number, members)),
            _ => {}
        }
    }
    tables
}

/// An entry of a plugin's folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path in the folder.
    pub(super) path: PathBuf,
    pub(super) is_folder: bool,
}

/// All files and folders of a plugin, folders before what is in them, by name. Links and whatever else is no regular
/// file are left out, as is a repository's `.git`.
pub(super) fn entries(root: &Path, max_bytes: u64) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    let mut bytes = 0;
    walk(root, Path::new(""), 0, &mut found, &mut bytes, max_bytes)?;
    Ok(found)
}

fn walk(
    root: &Path,
    below: &Path,
    depth: usize,
    found: &mut Vec<Entry>,
    bytes: &mut u64,
    max_bytes: u64,
) -> io::Result<()> {
    if depth > MAX_DEPTH {
        return Err(io::Error::other(format!(
            "its folders are more than {MAX_DEPTH} deep"
        )));
    }
    let mut here = Vec::new();
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if (depth == 0 && entry.file_name() == ".git") || !(kind.is_dir() || kind.is_file()) {
            continue;
        }
        here.push((entry.file_name(), kind.is_dir(), entry));
        if found.len() + here.len() > MAX_ENTRIES {
            return Err(io::Error::other(format!("it has more than {MAX_ENTRIES} files")));
        }
    }
    here.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    for (name, is_folder, entry) in here {
        let size = if is_folder { 0 } else { entry.metadata()?.len() };
        *bytes += size;
        if *bytes > max_bytes {
            return Err(io::Error::other(format!(
                "it has more than {} MiB",
                max_bytes >> 20
            )));
        }
        let path = below.join(name);
        found.push(Entry {
            path: path.clone(),
            is_folder,
        });
        if is_folder {
            walk(root, &path, depth + 1, found, bytes, max_bytes)?;
        }
    }
    Ok(())
}

/// How the files of a plugin were, and their hash.
type KnownHash = (Vec<Option<FileStamp>>, String);

/// Hashes by folder. Asked by each list of hooks of plugins; held for moments.
static KNOWN_HASHES: Mutex<BTreeMap<PathBuf, KnownHash>> = Mutex::new(BTreeMap::new());

/// Hashes that are remembered at most.
const MAX_KNOWN: usize = 64;

/// A hash of all files of a plugin: whoever trusts its hooks trusts the programs that they start, too.
pub(super) fn content_hash(root: &Path) -> io::Result<String> {
    let known = || KNOWN_HASHES.lock().unwrap_or_else(PoisonError::into_inner);
    let entries = entries(root, MAX_HASHED)?;
    let stamps = || {
        let stamps = entries.iter().map(|entry| FileStamp::of(&root.join(&entry.path)));
        stamps.collect::<Vec<_>>()
    };
    let before = stamps();
    if let Some((then, hash)) = known().get(root)
        && *then == before
    {
        return Ok(hash.clone());
    }
    let mut hasher = Sha256::new();
    for entry in &entries {
        hasher.update(entry.path.as_os_str().as_encoded_bytes());
        hasher.update([0, u8::from(entry.is_folder)]);
        if !entry.is_folder {
            let max = usize::try_from(MAX_HASHED).unwrap_or(usize::MAX);
            let bytes = external_file::read(&root.join(&entry.path), max)?;
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(&bytes);
        }
    }
    let hash = format!("sha256:{}", hex(&hasher.finalize()));
    if stamps() == before {
        let mut known = known();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(root.to_owned(), (before, hash.clone()));
    }
    Ok(hash)
}

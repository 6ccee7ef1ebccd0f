//! Permission profiles of the user's own: `[permissions.<name>]` (docs/contract/safety.md#permission-profiles).
//!
//! What a profile asks for and the sandbox can't keep is an error: to run with other limits than the user wrote down
//! would be worse than not to run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use toml::Table;

use super::expand_tilde;
use crate::{DenyPattern, ProfileRules, ReadableOnly, SandboxPolicy};

/// Profiles that one may be based on, one after the other, at most.
const DEEPEST: usize = 16;

/// What a permission profile means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PermissionProfile {
    /// The profile that it is based on.
    pub(super) extends: Option<String>,
    /// What it is for, in the user's words.
    pub(super) description: Option<String>,
    /// The policy that it comes closest to.
    pub(super) policy: SandboxPolicy,
    /// What it says beyond that.
    pub(super) rules: ProfileRules,
}

/// What may be done at a place, the stricter after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Access {
    Write,
    Read,
    #[serde(alias = "deny")]
    None,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProfileToml {
    description: Option<String>,
    extends: Option<String>,
    workspace_roots: Option<toml::Value>,
    filesystem: BTreeMap<String, toml::Value>,
    network: Table,
}

/// What a profile says so far, from the one at the base on.
#[derive(Debug, Default)]
struct Rules {
    /// Everything can be read.
    root: bool,
    roots: Places,
    paths: Places,
    glob_scan_max_depth: Option<usize>,
    tmpdir: Option<Access>,
    slash_tmp: Option<Access>,
    network: bool,
}

/// What a profile says of places: absolute ones, or ones below each workspace root, where an empty path is the root itself.
#[derive(Debug, Default)]
struct Places {
    exact: BTreeMap<PathBuf, Access>,
    /// None of what looks like these can be read.
    hidden: BTreeSet<DenyPattern>,
}

/// A profile of the user's own, by name.
pub(super) fn profile(profiles: &Table, name: &str) -> Result<PermissionProfile, String> {
    let mut chain = Vec::new();
    let mut rules = Rules::default();
    let mut next = Some(name.to_owned());
    while let Some(name) = next.take() {
        if let Some(workspace) = match name.as_str() {
            ":read-only" => Some(false),
            ":workspace" => Some(true),
            _ => None,
        } {
            rules.root = true;
            if workspace {
                rules.roots.exact.insert(PathBuf::new(), Access::Write);
                (rules.tmpdir, rules.slash_tmp) = (Some(Access::Write), Some(Access::Write));
            }
            break;
        }
        if name.starts_with(':') {
            return Err(format!("profile `{name}`, which can't be extended"));
        }
        if chain.len() == DEEPEST {
            return Err(format!("profile `{name}`, which is based on itself"));
        }
        let table = profiles
            .get(&name)
            .ok_or_else(|| format!("unknown profile `{name}`"))?;
        let profile: ProfileToml = table
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| format!("profile `{name}`: {}", error.message()))?;
        next.clone_from(&profile.extends);
        chain.push((name, profile));
    }
    for (name, profile) in chain.iter().rev() {
        rules
            .add(profile)
            .map_err(|reason| format!("profile `{name}`: {reason}"))?;
    }
    let first = chain.into_iter().next().map(|(_, profile)| profile);
    Ok(rules.into_profile(first.unwrap_or_default()))
}

impl Rules {
    fn add(&mut self, profile: &ProfileToml) -> Result<(), String> {
        if profile.workspace_roots.is_some() {
            return Err(
                "`workspace_roots` is not supported; choose workspace roots with the thread".to_owned(),
            );
        }
        let (mut roots, mut paths) = (Places::default(), Places::default());
        for (key, value) in &profile.filesystem {
            match (key.as_str(), value) {
                ("glob_scan_max_depth", value) => self.glob_scan_max_depth = Some(depth(value)?),
                (":workspace_roots" | ":project_roots", toml::Value::Table(below)) => {
                    for (path, value) in below {
                        roots.add(path, &below_root(path)?, access(path, value)?)?;
                    }
                }
                (":workspace_roots" | ":project_roots", value) => {
                    roots.add(key, Path::new(""), access(key, value)?)?;
                }
                (":root", value) => {
                    if access(key, value)? != Access::Read {
                        return Err(
                            "`:root` can only be `read`; `:danger-full-access` has no limits".to_owned()
                        );
                    }
                    self.root = true;
                }
                (":tmpdir", value) => self.tmpdir = Some(shown(key, value)?),
                (":slash_tmp", value) => self.slash_tmp = Some(shown(key, value)?),
                // What programs need to run can always be read.
                (":minimal", value) => {
                    access(key, value)?;
                }
                (key, toml::Value::Table(below)) => {
                    let folder = path(key)?;
                    for (path, value) in below {
                        let below = below_root(path)?;
                        let full: PathBuf = folder.components().chain(below.components()).collect();
                        paths.add(path, &full, access(path, value)?)?;
                    }
                }
                (key, value) => paths.add(key, &path(key)?, access(key, value)?)?,
            }
        }
        self.roots.lay_over(roots);
        self.paths.lay_over(paths);
        for (key, value) in &profile.network {
            match (key.as_str(), value) {
                ("enabled", toml::Value::Boolean(enabled)) => self.network = *enabled,
                ("mode", toml::Value::String(mode)) if mode == "full" => {}
                (key, _) => return Err(format!("`network.{key}` is not supported")),
            }
        }
        Ok(())
    }

    fn into_profile(self, profile: ProfileToml) -> PermissionProfile {
        let whole = self.roots.exact.get(Path::new("")) == Some(&Access::Write);
        let with = |rules: &Places, wanted| -> Vec<PathBuf> {
            rules
                .exact
                .iter()
                .filter(|(path, access)| **access == wanted && !path.as_os_str().is_empty())
                .map(|(path, _)| path.clone())
                .collect()
        };
        let seen = |rules: &Places| -> Vec<PathBuf> {
            let seen = rules.exact.iter().filter(|(_, access)| **access != Access::None);
            seen.map(|(path, _)| path.clone()).collect()
        };
        let tmpdir = || {
            let tmpdir = std::env::var_os("TMPDIR").map(PathBuf::from);
            tmpdir.filter(|folder| folder.is_absolute())
        };
        let readable = (!self.root).then(|| {
            let mut paths = seen(&self.paths);
            paths.extend(self.slash_tmp.map(|_| "/tmp".into()));
            paths.extend(self.tmpdir.and_then(|_| tmpdir()));
            ReadableOnly {
                paths,
                in_roots: seen(&self.roots),
            }
        });
        let mut writable = with(&self.paths, Access::Write);
        let policy = if whole {
            SandboxPolicy::WorkspaceWrite {
                writable_roots: std::mem::take(&mut writable),
                network_access: self.network,
                exclude_tmpdir_env_var: self.tmpdir != Some(Access::Write),
                exclude_slash_tmp: self.slash_tmp != Some(Access::Write),
            }
        } else {
            if self.slash_tmp == Some(Access::Write) {
                writable.push("/tmp".into());
            }
            if self.tmpdir == Some(Access::Write) {
                writable.extend(tmpdir());
            }
            SandboxPolicy::ReadOnly {
                network_access: self.network,
            }
        };
        PermissionProfile {
            extends: profile.extends,
            description: profile.description,
            policy,
            rules: ProfileRules {
                writable,
                read_only: with(&self.paths, Access::Read),
                deny_read: with(&self.paths, Access::None),
                writable_in_roots: with(&self.roots, Access::Write),
                read_only_in_roots: with(&self.roots, Access::Read),
                deny_read_in_roots: with(&self.roots, Access::None),
                deny_patterns: self.paths.hidden.into_iter().collect(),
                deny_patterns_in_roots: self.roots.hidden.into_iter().collect(),
                glob_scan_max_depth: self.glob_scan_max_depth,
                readable,
            },
        }
    }
}

impl Places {
    /// Adds a place, which may be a pattern. `key`: as the profile names it.
    fn add(&mut self, key: &str, path: &Path, access: Access) -> Result<(), String> {
        // Everything below a folder is the folder.
        let whole = match path.file_name() {
            Some(name) if name == "**" => path.parent().filter(|folder| !folder.as_os_str().is_empty()),
            _ => None,
        };
        let path = whole
            .filter(|folder| access == Access::None || matches!(DenyPattern::new(folder), Ok(None)))
            .unwrap_or(path);
        if path.as_os_str().is_empty() && access == Access::None {
            return Err(format!(
                "`{key}` can't be `none`: commands run there; name what is to be hidden in it"
            ));
        }
        match DenyPattern::new(path).map_err(|error| format!("`{key}` is no pattern: {error}"))? {
            None => {
                // Of two rules for one place, the stricter one holds.
                let said = self.exact.entry(path.to_owned()).or_insert(access);
                *said = (*said).max(access);
            }
            Some(pattern) if access == Access::None => {
                self.hidden.insert(pattern);
            }
            Some(_) => {
                return Err(format!(
                    "`{key}`: patterns can only be `none`; name a folder, with or without `/**` behind it"
                ));
            }
        }
        Ok(())
    }

    /// Lays what a profile says over what the ones that it is based on say.
    fn lay_over(&mut self, other: Self) {
        self.exact.extend(other.exact);
        self.hidden.extend(other.hidden);
    }
}

fn depth(value: &toml::Value) -> Result<usize, String> {
    let depth = value.as_integer().and_then(|depth| usize::try_from(depth).ok());
    let depth = depth.filter(|depth| *depth > 0);
    depth.ok_or_else(|| "`glob_scan_max_depth` must be a whole number, at least 1".to_owned())
}

fn access(key: &str, value: &toml::Value) -> Result<Access, String> {
    value
        .clone()
        .try_into()
        .map_err(|_| format!("`{key}` must be `read`, `write` or `none`"))
}

fn shown(key: &str, value: &toml::Value) -> Result<Access, String> {
    match access(key, value)? {
        Access::None => Err(format!("`{key}` can't be hidden; name its path")),
        shown => Ok(shown),
    }
}

fn path(key: &str) -> Result<PathBuf, String> {
    if key.starts_with(':') {
        return Err(format!("`{key}` is not supported"));
    }
    let path = expand_tilde(Path::new(key)).into_owned();
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(format!("`{key}` must be absolute or begin with `~/`"))
    }
}

/// A path below each workspace root.
fn below_root(key: &str) -> Result<PathBuf, String> {
    let mut path = PathBuf::new();
    for component in Path::new(key).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => path.push(name),
            _ => return Err(format!("`{key}` must lie below the workspace root")),
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, name: &str) -> Result<PermissionProfile, String> {
        profile(&text.parse::<Table>().expect("TOML"), name)
    }

    #[test]
    fn a_profile_is_laid_over_the_one_that_it_extends() {
        let text = r#"
            [base]
            extends = ":workspace"
            [base.filesystem]
            "/data" = "write"
            ":tmpdir" = "read"
            [mine]
            description = "For builds."
            extends = "base"
            [mine.filesystem]
            "/data/old" = "read"
            "/secret" = "none"
            ":project_roots" = { docs = "read", "./keys" = "deny" }
            [mine.network]
            enabled = true
        "#;
        let mine = read(text, "mine").expect("a profile");
        let expected = PermissionProfile {
            extends: Some("base".into()),
            description: Some("For builds.".into()),
            policy: SandboxPolicy::WorkspaceWrite {
                writable_roots: vec!["/data".into()],
                network_access: true,
                exclude_tmpdir_env_var: true,
                exclude_slash_tmp: false,
            },
            rules: ProfileRules {
                writable: Vec::new(),
                read_only: vec!["/data/old".into()],
                deny_read: vec!["/secret".into()],
                read_only_in_roots: vec!["docs".into()],
                deny_read_in_roots: vec!["keys".into()],
                ..ProfileRules::default()
            },
        };
        assert_eq!(mine, expected);
    }

    #[test]
    fn what_does_not_say_that_everything_can_be_read_names_what_can() {
        let text = r#"
            [mine.filesystem]
            ":minimal" = "read"
            "/data" = "read"
            "/out" = "write"
            "/secret" = "none"
            ":slash_tmp" = "read"
            ":workspace_roots" = { "." = "write", docs = "read", keys = "none" }
        "#;
        let readable = |text: &str| read(text, "mine").expect("a profile").rules.readable;
        let expected = ReadableOnly {
            paths: vec!["/data".into(), "/out".into(), "/tmp".into()],
            in_roots: vec!["".into(), "docs".into()],
        };
        assert_eq!(readable(text), Some(expected));
        assert_eq!(readable(&format!("{text}\n':root' = 'read'")), None);
        for base in [":read-only", ":workspace"] {
            assert_eq!(readable(&format!("[mine]\nextends = '{base}'\n{text}")), None);
        }
    }

    #[test]
    fn patterns_hide_and_everything_below_a_folder_is_the_folder() {
        let text = r#"
            [base.filesystem]
            ":root" = "read"
            "/data/**/*.key" = "deny"
            [mine]
            extends = "base"
            [mine.filesystem]
            glob_scan_max_depth = 3
            "/data" = { "out/**" = "write", "old/**" = "none" }
            ":workspace_roots" = { "sub/{a,b}?.env" = "none", "**/secrets/**" = "none", "sub/**" = "read", sub = "write", "{x}" = "none" }
        "#;
        let rules = read(text, "mine").expect("a profile").rules;
        let pattern = |path: &str| {
            let pattern = DenyPattern::new(Path::new(path)).expect("fits");
            pattern.expect("a pattern")
        };
        let expected = ProfileRules {
            writable: vec!["/data/out".into()],
            deny_read: vec!["/data/old".into()],
            read_only_in_roots: vec!["sub".into()],
            deny_read_in_roots: vec!["{x}".into()],
            deny_patterns: vec![pattern("/data/**/*.key")],
            deny_patterns_in_roots: vec![pattern("**/secrets"), pattern("sub/{a,b}?.env")],
            glob_scan_max_depth: Some(3),
            ..ProfileRules::default()
        };
        assert_eq!(rules, expected);
    }

    #[test]
    fn without_writing_in_the_workspace_it_is_read_only() {
        let text =
            "[mine]\nextends = ':read-only'\nfilesystem = { '/data' = 'write', ':slash_tmp' = 'write' }";
        let mine = read(text, "mine").expect("a profile");
        assert_eq!(
            mine.policy,
            SandboxPolicy::ReadOnly {
                network_access: false
            }
        );
        assert_eq!(
            mine.rules.writable,
            [PathBuf::from("/data"), PathBuf::from("/tmp")]
        );
    }

    #[test]
    fn what_could_not_be_kept_is_refused() {
        for (text, says) in [
            ("a = 1", "profile `a`"),
            ("[b]", "unknown profile `a`"),
            ("[a]\nextends = 'a'", "based on itself"),
            ("[a]\nextends = ':danger-full-access'", "can't be extended"),
            ("[a.filesystem]\n'*.env' = 'none'", "absolute"),
            (
                "[a.filesystem]\n'/x/*.env' = 'read'",
                "patterns can only be `none`",
            ),
            (
                "[a.filesystem]\n':project_roots' = { '**' = 'read' }",
                "patterns can only be",
            ),
            (
                "[a.filesystem]\n':project_roots' = { '[x' = 'none' }",
                "is no pattern",
            ),
            ("[a.filesystem]\n'/x/*/../y' = 'none'", "`..`"),
            (
                "[a.filesystem]\n':workspace_roots' = 'none'",
                "name what is to be hidden",
            ),
            ("[a.filesystem]\nglob_scan_max_depth = 0", "at least 1"),
            ("[a.filesystem]\n'x' = 'read'", "absolute"),
            ("[a.filesystem]\n'/x' = 'all'", "must be `read`"),
            ("[a.filesystem]\n':root' = 'none'", "`:root`"),
            ("[a.filesystem]\n':project_roots' = { '../x' = 'write' }", "below"),
            ("[a.network]\ndomains = {}", "`network.domains`"),
            ("[a]\nworkspace_roots = {}", "workspace_roots"),
        ] {
            let error = read(text, "a").expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}

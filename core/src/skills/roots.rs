//! Which folders may hold skills.

use std::path::{Path, PathBuf};

use super::SkillScope;
use super::catalog::SkillQuery;
use crate::config::{project_folders, project_root};

/// Where administrators put skills.
const ADMIN: &str = "/etc/codex/skills";

/// A folder that may hold skills.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SkillRoot {
    pub(super) path: PathBuf,
    pub(super) scope: SkillScope,
    /// Links must not lead out of this folder: somebody else made what is in it.
    pub(super) boundary: Option<PathBuf>,
    /// Comes before names, with a colon.
    pub(super) prefix: Option<String>,
    pub(super) plugin_id: Option<String>,
}

/// The skills of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginSkills {
    /// Folder with skills, absolute.
    pub path: PathBuf,
    /// Links must not lead out of this folder.
    pub boundary: PathBuf,
    /// What names of skills begin with.
    pub name: String,
    /// The plugin's id.
    pub plugin_id: String,
}

impl SkillRoot {
    /// That of a plugin.
    pub(super) fn of_plugin(plugin: &PluginSkills) -> Self {
        Self {
            boundary: Some(plugin.boundary.clone()),
            prefix: Some(plugin.name.clone()),
            plugin_id: Some(plugin.plugin_id.clone()),
            ..Self::new(plugin.path.clone(), SkillScope::User)
        }
    }

    fn new(path: PathBuf, scope: SkillScope) -> Self {
        Self {
            path,
            scope,
            boundary: None,
            prefix: None,
            plugin_id: None,
        }
    }
}

/// All roots for a working folder: its project's from the top down, the user's, those of clients and plugins, the
/// program's, the administrator's. Blocks for a moment, to find the project.
pub(super) fn roots(
    codex_home: &Path,
    query: &SkillQuery,
    extra: &[PathBuf],
    plugins: &[PluginSkills],
) -> Vec<SkillRoot> {
    let cwd = query.cwd.as_path();
    let top = project_root(cwd, &query.project_root_markers).unwrap_or(cwd);
    let folders = project_folders(top, cwd);
    let user = |path: PathBuf| SkillRoot::new(path, SkillScope::User);
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let mut own = vec![user(codex_home.join("skills"))];
    own.extend(home.map(|home| user(home.join(".agents/skills"))));
    own.extend(extra.iter().chain(&query.selected).cloned().map(user));
    own.extend(plugins.iter().map(SkillRoot::of_plugin));
    if query.bundled {
        let path = codex_home.join("skills/.system");
        own.push(SkillRoot::new(path, SkillScope::System));
    }
    own.push(SkillRoot::new(ADMIN.into(), SkillScope::Admin));
    let of_project = folders.into_iter().flat_map(|folder| {
        [".codex/skills", ".agents/skills"].map(|below| SkillRoot {
            boundary: Some(top.to_owned()),
            ..SkillRoot::new(folder.join(below), SkillScope::Repo)
        })
    });
    // Who works in the home folder itself has no project there.
    let is_new = |root: &SkillRoot| own.iter().all(|other| other.path != root.path);
    let mut all: Vec<_> = of_project.filter(is_new).collect();
    all.extend(own);
    all
}

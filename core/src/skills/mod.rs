//! Skills: folders with a `SKILL.md`, instructions for one kind of task (docs/contract/services.md#skills).
//!
//! Nothing is looked for before it is needed. What was found is kept, and looked at again when its files have changed.
//!
//! # Where to look
//!
//! | question | file |
//! |---|---|
//! | which folders may hold skills | `roots.rs` |
//! | how such a folder is searched, with what bounds | `walk.rs`, `queue.rs`, `visit.rs` |
//! | what a `SKILL.md` and an `agents/openai.yaml` say | `skill_file.rs`, `front_matter.rs` |
//! | what is kept, and how it follows the files | `catalog.rs`, `known_root.rs`, `listing.rs`, `seen.rs`, `watched.rs`, `changes.rs` |
//! | what the next process is spared | `index.rs` |
//! | what the model is told | `section.rs` |
//! | which skills a user names | `mentions.rs` |
//! | a thread's view of all this | `thread.rs` |
//! | switching skills on and off | `switch.rs` |

mod catalog;
mod changes;
pub(crate) mod front_matter;
mod index;
mod known_root;
mod listing;
mod mentions;
mod queue;
mod roots;
mod section;
mod seen;
mod skill_file;
mod switch;
mod thread;
mod visit;
mod walk;
mod watched;

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::catalog::{SkillCatalog, SkillQuery};
pub use self::roots::PluginSkills;
pub(crate) use self::section::{SkillsSection, replaced};
pub use self::switch::{SkillSelector, switch_skill};
pub(crate) use self::thread::ThreadSkills;

/// The skills of a plugin that need not be installed, by name. Blocks as long as the file system does.
pub(crate) fn skills_of_plugin(plugin: &PluginSkills) -> Vec<Arc<Skill>> {
    let root = roots::SkillRoot::of_plugin(plugin);
    walk::search(&root).listing.skills
}

/// A skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skill {
    /// Its name; those of plugins are `plugin:skill`.
    pub name: String,
    /// What it is for, in one line.
    pub description: String,
    /// The same for people, shorter.
    pub short_description: Option<String>,
    /// How clients show it.
    pub interface: Option<Box<SkillInterface>>,
    /// What it needs.
    pub tools: Vec<SkillTool>,
    /// Its `SKILL.md`, without links.
    pub path: PathBuf,
    /// The same as it was found below its root.
    pub found: PathBuf,
    /// Whose it is.
    pub scope: SkillScope,
    /// The plugin that it belongs to.
    pub plugin_id: Option<String>,
    /// Whether the model may choose it by itself, so that it is told of it.
    pub allow_implicit_invocation: bool,
}

/// Whose a skill is. The order is that of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkillScope {
    /// The project's.
    Repo,
    /// The user's.
    User,
    /// Comes with the program.
    System,
    /// The administrator's.
    Admin,
}

/// How clients show a skill.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillInterface {
    /// Name for people.
    pub display_name: Option<String>,
    /// One line for people.
    pub short_description: Option<String>,
    /// Small icon, absolute, inside of the skill's `assets`.
    pub icon_small: Option<PathBuf>,
    /// Large icon, likewise.
    pub icon_large: Option<PathBuf>,
    /// `#rrggbb`.
    pub brand_color: Option<String>,
    /// What to say to use it.
    pub default_prompt: Option<String>,
}

/// A tool that a skill needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillTool {
    /// Kind, such as `mcp`, `cli` or `env_var`.
    pub kind: String,
    /// Its name.
    pub value: String,
    /// What it is needed for.
    pub description: Option<String>,
    /// How an MCP server is reached.
    pub transport: Option<String>,
    /// How it is started.
    pub command: Option<String>,
    /// Where it is.
    pub url: Option<String>,
}

/// Why something that looks like a skill is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillProblem {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it, with the line where there is one.
    pub message: String,
}

/// What there is for a working folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FolderSkills {
    /// By scope, name and path.
    pub skills: Vec<Arc<Skill>>,
    /// By path.
    pub problems: Vec<SkillProblem>,
    /// Where they were found, in the order in which places are looked at.
    pub(crate) roots: Vec<PathBuf>,
}

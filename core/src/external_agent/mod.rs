//! Takes over what users have set up for another agent, Claude Code (docs/contract/services.md#imports): settings, MCP
//! servers, hooks, skills, commands, subagents, instructions.
//!
//! Nothing that is there is overwritten, and nothing of the other agent is changed. Everything blocks.
//!
//! # Where to look
//!
//! | question | file |
//! |---|---|
//! | where things are, and where they go | `place.rs` |
//! | environment variables, MCP servers | `settings.rs`, `mcp.rs` |
//! | hooks | `hooks.rs` |
//! | skills, commands | `skills.rs`, `commands.rs` |
//! | subagents, instructions | `subagents.rs`, `instructions.rs` |
//! | words that are replaced | `words.rs` |
//! | files and folders that are made | `files.rs` |
//! | earlier imports | `history.rs` |

mod commands;
mod files;
mod history;
mod hooks;
mod instructions;
mod mcp;
mod place;
mod settings;
mod skills;
mod subagents;
mod words;

use std::path::{Path, PathBuf};

pub use self::history::{ImportHistory, ImportRecord, RecordedFailure, RecordedImport};
use self::place::Place;

/// Folders that are looked at in one go.
const MAX_FOLDERS: usize = 256;
/// Things of one kind in one place.
const MAX_NAMES: usize = 1000;

/// What can be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    /// Environment variables of settings.
    Config,
    /// MCP servers.
    McpServers,
    /// Hooks.
    Hooks,
    /// Skills.
    Skills,
    /// Commands, which become skills.
    Commands,
    /// Subagents.
    Subagents,
    /// Instructions (`CLAUDE.md`).
    Instructions,
}

/// All kinds, in the order in which they are offered.
const KINDS: [ImportKind; 7] = [
    ImportKind::Config,
    ImportKind::McpServers,
    ImportKind::Hooks,
    ImportKind::Skills,
    ImportKind::Commands,
    ImportKind::Subagents,
    ImportKind::Instructions,
];

/// Something that can be taken over from one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOffer {
    /// What.
    pub kind: ImportKind,
    /// In words, with where it comes from and where it goes.
    pub description: String,
    /// The project; `None` is the user's home.
    pub cwd: Option<PathBuf>,
    /// What there is of it; empty where it is one thing.
    pub names: Vec<String>,
}

/// Something to be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRequest {
    /// What.
    pub kind: ImportKind,
    /// The project; `None` is the user's home.
    pub cwd: Option<PathBuf>,
    /// Which of it; `None` is all.
    pub names: Option<Vec<String>>,
}

/// Something that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What it was called, or where it was.
    pub source: String,
    /// What it is called now, or where it is.
    pub target: String,
}

/// Something that could not be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFailure {
    /// What it was called, or where it was.
    pub source: Option<String>,
    /// Why.
    pub message: String,
}

/// What became of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOutcome {
    /// What is here now.
    pub imported: Vec<Imported>,
    /// What is not.
    pub failures: Vec<ImportFailure>,
}

impl ImportOutcome {
    fn add(&mut self, source: &str, done: std::io::Result<()>) {
        match done {
            Ok(()) => self.imported.push(Imported {
                source: source.to_owned(),
                target: source.to_owned(),
            }),
            Err(error) => self.fail(Some(source), &error),
        }
    }

    fn fail(&mut self, source: Option<&str>, why: &dyn std::fmt::Display) {
        self.failures.push(ImportFailure {
            source: source.map(str::to_owned),
            message: why.to_string(),
        });
    }
}

/// What there is to take over and is not here yet, for the user's home and for projects.
pub fn detect(codex_home: &Path, with_home: bool, cwds: &[PathBuf]) -> Vec<ImportOffer> {
    let home = with_home.then(|| Place::home(codex_home)).flatten();
    let mut places: Vec<Place> = home.into_iter().collect();
    for cwd in cwds.iter().take(MAX_FOLDERS) {
        let place = Place::project(codex_home, cwd);
        let is_new = |place: &Place| places.iter().all(|other| other.cwd != place.cwd);
        if let Some(place) = place.filter(is_new) {
            places.push(place);
        }
    }
    let offers = places
        .iter()
        .flat_map(|place| KINDS.map(|kind| offer(place, kind)));
    offers.flatten().collect()
}

fn offer(place: &Place, kind: ImportKind) -> Option<ImportOffer> {
    let named = |mut names: Vec<String>, description: String| {
        names.truncate(MAX_NAMES);
        (!names.is_empty()).then_some((description, names))
    };
    let from_to = |what: &str, from: &Path, to: &Path| {
        format!("Migrate {what} from {} to {}", from.display(), to.display())
    };
    let config = place.codex.join("config.toml");
    let (description, names) = match kind {
        ImportKind::Config => {
            let source = place.settings();
            settings::is_new(place)
                .then(|| format!("Migrate {} into {}", source.display(), config.display()))
                .map(|description| (description, Vec::new()))
        }
        ImportKind::McpServers => named(
            mcp::new_names(place),
            format!(
                "Migrate MCP servers from {} into {}",
                place.root.display(),
                config.display()
            ),
        ),
        ImportKind::Hooks => named(
            hooks::new_names(place),
            from_to("hooks", &place.claude, &place.codex.join("hooks.json")),
        ),
        ImportKind::Skills => named(
            skills::new_names(place),
            from_to("skills", &place.claude.join("skills"), &place.skills),
        ),
        ImportKind::Commands => named(
            commands::new_names(place),
            from_to("commands", &place.claude.join("commands"), &place.skills),
        ),
        ImportKind::Subagents => named(
            subagents::new_names(place),
            from_to(
                "subagents",
                &place.claude.join("agents"),
                &place.codex.join("agents"),
            ),
        ),
        ImportKind::Instructions => instructions::source(place).map(|source| {
            let target = place.instructions.display();
            (format!("Migrate {} to {target}", source.display()), Vec::new())
        }),
    }?;
    Some(ImportOffer {
        kind,
        description,
        cwd: place.cwd.clone(),
        names,
    })
}

/// Takes something over. What is here already stays as it is, and is not told of.
pub fn import(codex_home: &Path, request: &ImportRequest) -> ImportOutcome {
    let mut outcome = ImportOutcome::default();
    let place = match &request.cwd {
        None => Place::home(codex_home),
        Some(cwd) if cwd.is_absolute() && cwd.is_dir() => Place::project(codex_home, cwd),
        Some(cwd) => {
            outcome.fail(
                None,
                &format!("{} is no folder with an absolute path", cwd.display()),
            );
            return outcome;
        }
    };
    let Some(place) = place else {
        outcome.fail(None, &"the user has no home folder");
        return outcome;
    };
    if let Err(error) = place.check() {
        outcome.fail(None, &error);
        return outcome;
    }
    let wanted = |name: &str| {
        let names = request.names.as_ref();
        names.is_none_or(|names| names.iter().any(|other| other == name))
    };
    match request.kind {
        ImportKind::Config => settings::import(&place, &mut outcome),
        ImportKind::McpServers => mcp::import(&place, &wanted, &mut outcome),
        ImportKind::Hooks => hooks::import(&place, &wanted, &mut outcome),
        ImportKind::Skills => skills::import(&place, &wanted, &mut outcome),
        ImportKind::Commands => commands::import(&place, &wanted, &mut outcome),
        ImportKind::Subagents => subagents::import(&place, &wanted, &mut outcome),
        ImportKind::Instructions => instructions::import(&place, &mut outcome),
    }
    outcome
}

//! Where rules are kept: `rules/*.rules` of the home and of the administrator's folder, and `.codex/rules/*.rules` of folders
//! that the user trusts.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::parse::{allow_line, parse};
use super::programs::Programs;
use super::report::RulesProblem;
use super::{PrefixRule, RuleMatch, RuleSet, judge};
use crate::config::Requirements;
use crate::external_file::{FileError, read_text, resolve_inside};
use crate::sys::files;

/// Largest file of rules, in bytes.
const MAX_FILE: usize = 1 << 20;

/// Files of one folder that are read, by name.
const MAX_FILES: usize = 256;

/// Longest rule that is written, in bytes.
const MAX_LINE: usize = 256 * 1024;

/// How long a file that another process is writing is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The file that allowed commands are appended to.
const WRITTEN: &str = "default.rules";

/// The rules of a home and of the administrator. All threads of the process share them, so that a rule that one of them
/// adds holds for all.
#[derive(Debug)]
pub(crate) struct HomeRules {
    codex_home: PathBuf,
    /// The administrator's folder.
    system: Option<PathBuf>,
    /// Held while files are read or written, by threads that may block.
    files: Mutex<()>,
    /// A lock, because threads read it at any time. Held for a few instructions.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rules: Arc<RuleSet>,
    /// What could not be written; it holds as long as the process runs.
    unwritten: RuleSet,
    problems: Vec<RulesProblem>,
}

impl HomeRules {
    /// The rules of a home and of the administrator's folder; nothing is read yet.
    pub(crate) fn new(codex_home: PathBuf, system: Option<PathBuf>) -> Arc<Self> {
        Arc::new(Self {
            codex_home,
            system,
            files: Mutex::default(),
            state: Mutex::default(),
        })
    }

    /// The folder of the files.
    pub(super) fn folder(&self) -> PathBuf {
        self.codex_home.join("rules")
    }

    /// Reads the files again. Gives what is wrong with them and was not before. Blocks.
    pub(crate) fn refresh(&self) -> Vec<RulesProblem> {
        let _files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rules, mut problems) = match &self.system {
            Some(folder) => read_system(folder),
            None => Default::default(),
        };
        let (home, more) = read_home(&self.codex_home);
        rules.extend(home);
        problems.extend(more);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        rules.extend(state.unwritten.clone());
        if *state.rules != rules {
            state.rules = Arc::new(rules);
        }
        let news = problems
            .iter()
            .filter(|problem| !state.problems.contains(problem))
            .cloned()
            .collect();
        state.problems = problems;
        news
    }

    /// What was wrong with the files when they were read last.
    pub(crate) fn problems(&self) -> Vec<RulesProblem> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.problems.clone()
    }

    /// From now on commands that begin with these words are allowed, in all threads; the rule is kept in the home. An
    /// error says why it could not be kept: it holds all the same, until the process ends. Blocks.
    pub(crate) fn allow(&self, words: &[String]) -> io::Result<()> {
        let Some(rule) = PrefixRule::allow(words) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let _files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let written = append(&self.codex_home, &rule, words);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut state.rules).add(rule.clone());
        if written.is_err() {
            state.unwritten.add(rule);
        }
        written
    }

    fn current(&self) -> Arc<RuleSet> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&state.rules)
    }
}

/// The rules that hold in a thread.
#[derive(Debug, Clone)]
pub(crate) struct ThreadRules {
    /// What an administrator demands.
    required: Arc<RuleSet>,
    home: Arc<HomeRules>,
    project: Arc<RuleSet>,
}

impl ThreadRules {
    /// The rules of the home, and those of trusted folders.
    pub(crate) fn new(home: Arc<HomeRules>, project: RuleSet) -> Self {
        Self {
            required: Arc::default(),
            home,
            project: Arc::new(project),
        }
    }

    /// With what an administrator demands of commands.
    pub(crate) fn with_requirements(self, requirements: &Requirements) -> Self {
        Self {
            required: Arc::new(RuleSet::required(requirements)),
            ..self
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.required.is_empty() && self.project.is_empty() && self.home.current().is_empty()
    }

    /// What they say of a command, and with `more`, too. May block.
    pub(crate) fn judge(
        &self,
        words: &[String],
        programs: &Programs,
        more: Option<&RuleSet>,
    ) -> Option<RuleMatch> {
        let home = self.home.current();
        let sets = [&*self.required, &*home, &*self.project];
        let sets: Vec<&RuleSet> = sets.into_iter().chain(more).collect();
        judge(&sets, words, programs)
    }

    /// See [`HomeRules::allow`].
    pub(crate) fn allow(&self, words: &[String]) -> io::Result<()> {
        self.home.allow(words)
    }
}

impl RuleSet {
    /// The one rule that these words are allowed. `None`: there are no words.
    pub(crate) fn allowing(words: &[String]) -> Option<Self> {
        Some(Self {
            prefixes: vec![PrefixRule::allow(words)?],
            ..Self::default()
        })
    }
}

/// The rules of a home, and what is wrong with them. Links are followed: the home is the user's. Blocks.
fn read_home(codex_home: &Path) -> (RuleSet, Vec<RulesProblem>) {
    read_folder(&codex_home.join("rules"), |path| Ok(path.to_owned()))
}

/// The rules of the administrator's folder, and what is wrong with them. Blocks.
fn read_system(folder: &Path) -> (RuleSet, Vec<RulesProblem>) {
    let mut all = (RuleSet::default(), Vec::new());
    for (path, rules) in read_files(&folder.join("rules"), |path| Ok(path.to_owned()), &mut all.1) {
        all.0.extend(rules.demanded_by(&path));
    }
    all
}

/// The rules of folders that the user trusts, and what is wrong with them. Links that lead out of such a folder are
/// not followed. Blocks.
pub(crate) fn read_projects(folders: &[PathBuf]) -> (RuleSet, Vec<RulesProblem>) {
    let mut all = (RuleSet::default(), Vec::new());
    for folder in folders {
        let (rules, problems) =
            read_folder(&folder.join(".codex/rules"), |path| resolve_inside(path, folder));
        all.0.extend(rules);
        all.1.extend(problems);
    }
    all
}

fn read_folder(
    folder: &Path,
    resolve: impl Fn(&Path) -> Result<PathBuf, FileError>,
) -> (RuleSet, Vec<RulesProblem>) {
    let mut all = (RuleSet::default(), Vec::new());
    for (_, rules) in read_files(folder, resolve, &mut all.1) {
        all.0.extend(rules);
    }
    all
}

/// The files of a folder by name, each with its rules.
fn read_files(
    folder: &Path,
    resolve: impl Fn(&Path) -> Result<PathBuf, FileError>,
    problems: &mut Vec<RulesProblem>,
) -> Vec<(PathBuf, RuleSet)> {
    let mut files = Vec::new();
    let problem = |path: &Path, line, message: String| RulesProblem {
        path: path.to_owned(),
        line,
        message,
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if FileError::from(io::Error::from(error.kind())).is_missing() => {
            return files;
        }
        Err(error) => {
            problems.push(problem(folder, None, error.to_string()));
            return files;
        }
    };
    let is_rules = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rules");
    let paths: BTreeSet<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(is_rules)
        .collect();
    if paths.len() > MAX_FILES {
        let message = format!("only the first {MAX_FILES} files of rules are read");
        problems.push(problem(folder, None, message));
    }
    for path in paths.into_iter().take(MAX_FILES) {
        let text = resolve(&path).and_then(|target| read_text(&target, MAX_FILE));
        match text {
            Ok(text) => {
                let (read, error) = parse(&text);
                match error {
                    None => files.push((path, read)),
                    Some(error) => {
                        problems.push(problem(&path, Some(error.line), error.message));
                        files.push((path, read.without_allowances()));
                    }
                }
            }
            // Removed since the folder was read.
            Err(error) if error.is_missing() && path.symlink_metadata().is_err() => {}
            Err(error) => problems.push(problem(&path, None, error.to_string())),
        }
    }
    files
}

/// Appends a rule to the home's file in one write, unless it is there. One process writes at a time.
fn append(codex_home: &Path, rule: &PrefixRule, words: &[String]) -> io::Result<()> {
    let line = allow_line(words);
    if line.len() > MAX_LINE {
        return Err(io::Error::other("the command is too long for a rule"));
    }
    let folder = codex_home.join("rules");
    match files::create_owner_only_folder(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // The folder, or the file, may be a link that somebody else has made.
    let folder = resolve_inside(&folder, codex_home).map_err(io::Error::from)?;
    let path = folder.join(WRITTEN);
    let path = if path.is_symlink() {
        resolve_inside(&path, codex_home).map_err(io::Error::from)?
    } else {
        path
    };
    let mut options = OpenOptions::new();
    let options = options.read(true).append(true).create(true);
    let mut file = files::without_following(files::owner_only(options)).open(&path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("default.rules is not a regular file"));
    }
    lock(&file)?;
    let mut text = Vec::new();
    (&mut file).take(MAX_FILE as u64 + 1).read_to_end(&mut text)?;
    if text.len() + line.len() > MAX_FILE {
        return Err(io::Error::other("default.rules is full"));
    }
    let (known, _) = parse(&String::from_utf8_lossy(&text));
    if known.contains(rule) {
        return Ok(());
    }
    let is_open = text.last().is_some_and(|last| *last != b'\n');
    let bytes = if is_open { format!("\n{line}") } else { line };
    file.write_all(bytes.as_bytes())?;
    file.sync_all()
}

fn lock(file: &File) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(std::fs::TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(io::Error::other("another process is writing default.rules"));
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests;

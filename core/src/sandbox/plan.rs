//! From a policy to a plan, and from a plan to a command.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{LeftOut, SandboxError};
use super::places::{Places, Rule};
use super::protected::{IN_HOME, IN_REPOSITORIES, Protected};
use super::reading::readable_places;
use super::restricted::{restricted, workspace};
use super::roots;
use super::worktree::LinkedWorktree;
use super::{Availability, LAUNCHER_ARGUMENT};
use crate::settings::PROTECTED_NAMES;
use crate::sys::process::own_program_path;
#[cfg(target_os = "linux")]
use crate::sys::sandbox::plan as launcher;
use crate::{ProfileRules, SandboxPolicy};

/// Files of `CODEX_HOME` that hold credentials.
const CREDENTIALS: [&str; 2] = ["auth.json", ".credentials.json"];

/// Entries of `CODEX_HOME` up to which it is shown entry by entry, so that credentials that are written later stay
/// hidden, too.
const FEW_ENTRIES: usize = 96;

/// Bytes of one argument at most, with room for its end (MAX_ARG_STRLEN is 128 KiB).
const LONGEST: usize = 128 * 1024 - 1;

/// Variables that act on every program that starts, so on the launcher before it has confined itself.
const ACT_AT_START: [&str; 4] = ["LD_", "GLIBC_", "GCONV_", "MALLOC_"];

/// What a command may touch, and where it will run.
#[derive(Debug, Clone, Copy)]
pub struct SandboxRequest<'a> {
    /// The policy.
    pub policy: &'a SandboxPolicy,
    /// The thread's working folder, absolute.
    pub cwd: &'a Path,
    /// The thread's workspace roots, absolute.
    pub workspace_roots: &'a [PathBuf],
    /// `CODEX_HOME`, absolute.
    pub codex_home: &'a Path,
    /// The user's home folder.
    pub home: Option<&'a Path>,
    /// `$TMPDIR`, as commands get it.
    pub tmpdir: Option<&'a Path>,
    /// Further folders to write, granted on top of the policy.
    pub writable: &'a [PathBuf],
    /// Further folders and files to read, granted on top of the profile.
    pub readable: &'a [PathBuf],
    /// What a permission profile of the user's own says beyond the policy. Places that don't exist are no error.
    pub profile: Option<&'a ProfileRules>,
    /// The network was granted on top of the policy.
    pub network: bool,
    /// The layers to use; all of them, but for tests.
    pub layers: SandboxLayers,
}

/// The layers of the sandbox; fewer than all only for tests, which show that each one holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SandboxLayers {
    /// User, mount, process, IPC, host-name and network namespaces.
    pub namespaces: bool,
    /// Landlock.
    pub landlock: bool,
    /// The seccomp filter and its supervisor.
    pub seccomp: bool,
}

impl Default for SandboxLayers {
    fn default() -> Self {
        Self {
            namespaces: true,
            landlock: true,
            seccomp: true,
        }
    }
}

/// What commands may touch, worked out for the folders as they were when this was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxPlan {
    pub(super) places: Places,
    protected: Vec<Protected>,
    pub(super) network: bool,
    writes: bool,
    hides: bool,
    /// Nothing else can be read but this, without links; `None`: everything can.
    pub(super) readable: Option<Vec<PathBuf>>,
    pub(super) layers: SandboxLayers,
    left_out: Vec<LeftOut>,
    /// As the launcher is told.
    pub(super) encoded: String,
}

/// A command that starts confined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedCommand {
    /// The program to start: our own.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// All its variables.
    pub variables: Vec<(OsString, OsString)>,
}

impl SandboxPlan {
    /// Works out what a policy means for these folders. `None`: the policy sets no limits. Reads the disk, so not on the
    /// runtime's thread.
    pub fn resolve(request: &SandboxRequest<'_>) -> Result<Option<Self>, SandboxError> {
        let mut left_out = Vec::new();
        let (writable, network) = match request.policy {
            SandboxPolicy::DangerFullAccess | SandboxPolicy::ExternalSandbox { .. } => return Ok(None),
            SandboxPolicy::ReadOnly { network_access } => {
                (granted(request, Vec::new(), &mut left_out), *network_access)
            }
            SandboxPolicy::WorkspaceWrite {
                writable_roots,
                network_access,
                exclude_tmpdir_env_var,
                exclude_slash_tmp,
            } => {
                let mut wanted = vec![request.cwd.to_owned()];
                wanted.extend(request.workspace_roots.iter().chain(writable_roots).cloned());
                let mut folders = granted(request, wanted, &mut left_out);
                if !exclude_slash_tmp && let Ok(tmp) = roots::resolve(Path::new("/tmp")) {
                    folders.push(("/tmp".into(), tmp));
                }
                if !exclude_tmpdir_env_var
                    && let Some(given) = request.tmpdir
                    && let Some(tmpdir) = roots::resolve_temporary(given, request.home)
                {
                    folders.push((given.to_owned(), tmpdir));
                }
                (folders, *network_access)
            }
        };
        let roots = roots::keep_certain(writable, &mut left_out);
        let mut places = Places::default();
        for root in &roots {
            places.add(root, Rule::Write);
        }
        let mut protected = protect_roots(&roots, &mut places)?;
        protect_home(request, &mut places, &mut protected)?;
        protect_codex_home(request.codex_home, &mut places, &mut protected)?;
        let restricted = restricted(request, &roots)?;
        let readable = request
            .profile
            .and_then(|rules| readable_places(rules, workspace(request, &[]), request.readable, &roots));
        let by_pattern = request.profile.is_some_and(ProfileRules::has_patterns);
        let hides = !restricted.denied.is_empty() || by_pattern || readable.is_some();
        for path in &restricted.denied {
            places.add(path, Rule::Nothing);
        }
        for index in 0..protected.len() {
            let further = protected[index].follow_links(&mut places);
            protected.extend(further);
        }
        // What these lead to may be changed as far as the profile lets it.
        let links = restricted.links.iter();
        protected.extend(links.filter_map(|link| Protected::of_name(link, true, &mut places)));
        for path in &restricted.read_only {
            places.add(path, Rule::Read);
        }
        places.settle();
        let mut plan = Self {
            writes: !roots.is_empty(),
            places,
            protected,
            network: network || request.network,
            hides,
            readable,
            layers: request.layers,
            left_out,
            encoded: String::new(),
        };
        plan.encoded = plan.encode()?;
        Ok(Some(plan))
    }

    /// Folders that were to be writable, and are not.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Whether commands may use the host's network.
    pub fn network(&self) -> bool {
        self.network
    }

    /// Whether commands may write what a path leads to, or put something else there. For what we run or trust ourselves.
    /// Reads the disk.
    pub fn is_writable(&self, path: &Path) -> bool {
        let mut given = path;
        loop {
            match given.canonicalize() {
                Ok(real) => {
                    // The way as it was given may cross writable ground and leave it by a link.
                    return self.places.is_writable(&real)
                        || path.ancestors().any(|part| self.places.is_writable(part));
                }
                Err(_) => match given.parent() {
                    Some(parent) => given = parent,
                    None => return true,
                },
            }
        }
    }

    /// Adapts the plan to what the system can do, or says that it can't be carried out.
    pub fn fit(mut self, availability: &Availability) -> Result<Self, SandboxError> {
        match availability {
            Availability::Full => Ok(self),
            Availability::WithoutNamespaces { .. } if !self.writes && !self.hides => {
                self.layers.namespaces = false;
                self.encoded = self.encode()?;
                Ok(self)
            }
            Availability::WithoutNamespaces { missing } | Availability::None { missing } => {
                Err(SandboxError::Unavailable {
                    missing: missing.clone(),
                })
            }
        }
    }

    /// The command that starts `command`, confined, in `folder` with these variables. `terminal`: its standard input is a
    /// terminal of its own, which becomes its controlling terminal.
    pub fn wrap(
        &self,
        command: &[impl AsRef<OsStr>],
        folder: &Path,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        terminal: bool,
    ) -> io::Result<WrappedCommand> {
        let mut arguments: Vec<OsString> = vec![
            LAUNCHER_ARGUMENT.into(),
            self.encoded.clone().into(),
            if terminal { "terminal" } else { "pipes" }.into(),
            folder.into(),
        ];
        arguments.extend(command.iter().map(|argument| argument.as_ref().to_owned()));
        Ok(WrappedCommand {
            program: own_program_path()?,
            arguments,
            variables: variables
                .into_iter()
                .map(|(name, value)| (held(name), value))
                .collect(),
        })
    }

    #[cfg(target_os = "linux")]
    fn encode(&self) -> Result<String, SandboxError> {
        let places = self
            .places
            .iter()
            .map(|(path, rule)| {
                let (device, inode) = identity(path)?;
                Ok(launcher::Place {
                    path: text(path)?,
                    device,
                    inode,
                    access: match rule {
                        Rule::Pinned => launcher::Access::Pinned,
                        Rule::Write => launcher::Access::Write,
                        Rule::Read => launcher::Access::Read,
                        Rule::Without(names) => launcher::Access::Without(names.clone()),
                        Rule::Nothing => launcher::Access::None,
                    },
                })
            })
            .collect::<Result<_, SandboxError>>()?;
        let guards = self
            .protected
            .iter()
            .map(|protected| {
                let (device, inode) = identity(&protected.folder)?;
                Ok(launcher::Guard {
                    device,
                    inode,
                    names: protected.names.clone(),
                    links: protected.links.clone(),
                })
            })
            .collect::<Result<_, SandboxError>>()?;
        let plan = launcher::Plan {
            places,
            guards,
            readable: self
                .readable
                .as_ref()
                .map(|paths| paths.iter().map(|path| readable(path)).collect())
                .transpose()?,
            network: self.network,
            layers: launcher::Layers {
                namespaces: self.layers.namespaces,
                landlock: self.layers.landlock,
                seccomp: self.layers.seccomp,
            },
        };
        serde_json::to_string(&plan)
            .ok()
            .filter(|plan| plan.len() <= LONGEST)
            .ok_or(SandboxError::TooLarge)
    }

    #[cfg(not(target_os = "linux"))]
    fn encode(&self) -> Result<String, SandboxError> {
        Ok(String::new())
    }

    /// The folders that may be written, and those below them that may not, for policies in other forms.
    pub(super) fn rules(&self) -> impl Iterator<Item = (&Path, bool)> {
        self.places
            .iter()
            .filter(|(_, rule)| **rule != Rule::Pinned)
            .map(|(path, rule)| (path, *rule == Rule::Write))
    }

    /// What can't be read.
    pub(super) fn hidden(&self) -> Vec<PathBuf> {
        self.places
            .iter()
            .flat_map(|(path, rule)| match rule {
                Rule::Nothing => vec![path.to_owned()],
                Rule::Without(names) => names.iter().map(|name| path.join(name)).collect(),
                Rule::Pinned | Rule::Write | Rule::Read => Vec::new(),
            })
            .collect()
    }

    /// Names that must not appear, with their folders.
    pub(super) fn protected(&self) -> impl Iterator<Item = (&Path, &[String])> {
        self.protected
            .iter()
            .map(|protected| (protected.folder.as_path(), protected.names.as_slice()))
    }
}

/// Folders to write that somebody asked for, as given and without links.
fn granted(
    request: &SandboxRequest<'_>,
    mut wanted: Vec<PathBuf>,
    left_out: &mut Vec<LeftOut>,
) -> Vec<(PathBuf, PathBuf)> {
    wanted.extend_from_slice(request.writable);
    if let Some(profile) = request.profile {
        wanted.extend(profile.writable(workspace(request, &[])));
    }
    let mut folders = Vec::new();
    for given in wanted {
        match roots::resolve(&given) {
            Ok(real) => folders.push((given, real)),
            Err(reason) => left_out.push(reason),
        }
    }
    left_out.dedup();
    folders
}

fn protect_roots(roots: &[PathBuf], places: &mut Places) -> Result<Vec<Protected>, SandboxError> {
    let mut all = Vec::new();
    for root in roots {
        let names = if root.file_name() == Some(OsStr::new(".git")) {
            &IN_REPOSITORIES[..]
        } else {
            &PROTECTED_NAMES[..]
        };
        all.push(Protected::look(root, names, places)?);
        if let Some(worktree) = LinkedWorktree::of(root) {
            places.add(&worktree.own, Rule::Write);
            all.push(Protected::look(&worktree.own, &IN_REPOSITORIES, places)?);
            for folder in worktree.shared {
                places.add(&folder, Rule::Write);
            }
        }
    }
    // A folder that was named by itself is writable, although it is a protected name in another one.
    for root in roots {
        if root
            .parent()
            .is_some_and(|parent| roots.iter().any(|other| other == parent))
        {
            places.prefer_write(root);
        }
    }
    Ok(all)
}

/// Start-up files, if the home folder may be written.
fn protect_home(
    request: &SandboxRequest<'_>,
    places: &mut Places,
    protected: &mut Vec<Protected>,
) -> Result<(), SandboxError> {
    if let Some(home) = request.home.and_then(|home| home.canonicalize().ok())
        && places.is_writable(&home)
    {
        places.add(&home, Rule::Pinned);
        protected.push(Protected::look(&home, &IN_HOME, places)?);
    }
    Ok(())
}

/// `CODEX_HOME` is read-only wherever it is, and its credentials are hidden.
fn protect_codex_home(
    codex_home: &Path,
    places: &mut Places,
    protected: &mut Vec<Protected>,
) -> Result<(), SandboxError> {
    let Ok(real) = codex_home.canonicalize() else {
        // It doesn't exist yet.
        if let (Some(parent), Some(name)) = (codex_home.parent(), codex_home.file_name())
            && let Ok(parent) = parent.canonicalize()
            && let Some(name) = name.to_str()
            && places.is_writable(&parent)
        {
            places.add(&parent, Rule::Pinned);
            protected.push(Protected::look(&parent, &[name], places)?);
        }
        return Ok(());
    };
    let entries = std::fs::read_dir(&real).map_or(0, |entries| entries.take(FEW_ENTRIES + 1).count());
    if entries <= FEW_ENTRIES {
        let names = CREDENTIALS.map(str::to_owned).into();
        places.add(&real, Rule::Without(names));
        return Ok(());
    }
    places.add(&real, Rule::Read);
    let credentials = CREDENTIALS.map(|name| real.join(name));
    for path in credentials.iter().filter_map(|path| path.canonicalize().ok()) {
        places.add(&path, Rule::Nothing);
    }
    Ok(())
}

fn identity(path: &Path) -> Result<(u64, u64), SandboxError> {
    let metadata = path
        .symlink_metadata()
        .map_err(|error| SandboxError::Protection {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    let id = crate::sys::files::file_id(&metadata);
    Ok((id.device, id.inode))
}

#[cfg(target_os = "linux")]
fn readable(path: &Path) -> Result<launcher::Readable, SandboxError> {
    let (device, inode) = identity(path)?;
    Ok(launcher::Readable {
        path: text(path)?,
        device,
        inode,
    })
}

fn text(path: &Path) -> Result<String, SandboxError> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| SandboxError::Protection {
            path: path.to_owned(),
            reason: "its name is not UTF-8".to_owned(),
        })
}

/// The name under which a variable is handed to the launcher.
fn held(name: OsString) -> OsString {
    let acts = |name: &str| ACT_AT_START.iter().any(|prefix| name.starts_with(prefix));
    if acts(&name.to_string_lossy()) {
        let mut held = OsString::from(HELD);
        held.push(name);
        held
    } else {
        name
    }
}

#[cfg(target_os = "linux")]
use crate::sys::sandbox::HELD;
#[cfg(not(target_os = "linux"))]
const HELD: &str = "";

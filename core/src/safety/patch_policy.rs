//! Whether a patch may be applied.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use crate::git::Repository;
use crate::sandbox::ReadLimits;
use crate::settings::PROTECTED_NAMES;
use crate::{ApprovalPolicy, SandboxPolicy, ThreadSettings};

/// Whether a patch may be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PatchDecision {
    /// It may.
    Apply,
    /// If the user allows it.
    Ask,
    /// It may not; the model is told why.
    Refuse(String),
}

/// The folders below which a thread may write files, without what is protected in them.
#[derive(Debug)]
pub(crate) struct WritableRoots {
    /// As the settings name them. Absolute.
    named: Vec<PathBuf>,
    /// Where they are: without links, each once.
    real: Vec<PathBuf>,
    /// Protected, without links: what protected names lead to, the home, and what a permission profile keeps read-only.
    protected: Vec<PathBuf>,
    /// What a permission profile lets be read.
    reading: ReadLimits,
}

/// Decides about changes of files (docs/contract/items-and-approvals.md#file-change-approval). `places`: paths of the
/// patch, absolute and without `..`, each with where it leads, without links.
pub(crate) fn assess_patch(
    settings: &ThreadSettings,
    roots: &WritableRoots,
    places: &[(&Path, &Path)],
) -> PatchDecision {
    let within = match &settings.sandbox_policy {
        SandboxPolicy::DangerFullAccess | SandboxPolicy::ExternalSandbox { .. } => true,
        SandboxPolicy::ReadOnly { .. } | SandboxPolicy::WorkspaceWrite { .. } => {
            places.iter().all(|(named, real)| roots.may_write(named, real))
        }
    };
    let refused = || {
        let why = match settings.sandbox_policy {
            SandboxPolicy::ReadOnly { .. } if roots.real.is_empty() => {
                "writing is blocked by read-only sandbox"
            }
            _ => "writing outside of the project",
        };
        PatchDecision::Refuse(format!(
            "patch rejected: {why}; rejected by user approval settings"
        ))
    };
    // What may not even be read is nothing to ask for: a patch shows what is there.
    if places.iter().any(|(_, real)| !roots.reading.allow(real)) {
        return PatchDecision::Refuse(format!("patch rejected: {}", roots.reading.reason()));
    }
    match &settings.approval_policy {
        ApprovalPolicy::Untrusted => PatchDecision::Ask,
        _ if within => PatchDecision::Apply,
        ApprovalPolicy::Never => refused(),
        ApprovalPolicy::Granular(granular) if !granular.sandbox_approval => refused(),
        ApprovalPolicy::OnRequest | ApprovalPolicy::Granular(_) => PatchDecision::Ask,
    }
}

impl WritableRoots {
    /// Of a thread with these settings. A root that does not exist is none. Blocks as long as the file system does.
    pub(crate) fn of(settings: &ThreadSettings, codex_home: &Path) -> Self {
        let named = named_roots(settings);
        let mut real: Vec<PathBuf> = named.iter().filter_map(|root| root.canonicalize().ok()).collect();
        real.sort();
        real.dedup();
        let mut protected: Vec<PathBuf> = codex_home.canonicalize().into_iter().collect();
        for root in &real {
            let names = PROTECTED_NAMES.iter().map(|name| root.join(name));
            protected.extend(names.filter_map(|path| path.canonicalize().ok()));
            if let Some(repository) = Repository::around(root) {
                let folders = repository.git_folders();
                protected.extend(folders.into_iter().map(Path::to_owned));
            }
        }
        if let Some(rules) = &settings.profile_rules {
            let kept = rules.kept(settings.workspace().chain(real.iter().map(PathBuf::as_path)));
            protected.extend(kept.iter().filter_map(|path| path.canonicalize().ok()));
        }
        Self {
            named,
            real,
            protected,
            reading: ReadLimits::of(settings, &[]),
        }
    }

    /// Where they are, without links.
    pub(crate) fn folders(&self) -> &[PathBuf] {
        &self.real
    }

    /// Whether a file may be written that a path without `..` names, and that is really there.
    fn may_write(&self, named: &Path, real: &Path) -> bool {
        let below = |roots: &[PathBuf], path: &Path| -> Vec<PathBuf> {
            let rests = roots
                .iter()
                .filter_map(|root| path.strip_prefix(root).ok().map(Path::to_owned));
            rests.collect()
        };
        let within = below(&self.real, real);
        let by_name = below(&self.named, named)
            .iter()
            .chain(&within)
            .any(|rest| begins_protected(rest));
        // A root inside of a protected folder is a root all the same: somebody has chosen it.
        let by_place = self.protected.iter().any(|folder| {
            let mut chosen = self.real.iter();
            real.starts_with(folder) && !chosen.any(|root| root.starts_with(folder) && real.starts_with(root))
        });
        !within.is_empty() && !by_name && !by_place
    }
}

/// Folders below which files may be written, as the settings name them.
fn named_roots(settings: &ThreadSettings) -> Vec<PathBuf> {
    // A variable that names the whole disk is a mistake of somebody, not a wish of the user.
    let is_no_mistake = |folder: &PathBuf| folder.canonicalize().is_ok_and(|real| real.parent().is_some());
    let mut named = settings.writable_folders();
    named.extend(settings.writable_tmpdir().filter(is_no_mistake));
    named.sort();
    named.dedup();
    named
}

fn begins_protected(rest: &Path) -> bool {
    let first = rest.components().next();
    let is_protected = |name: &OsStr| {
        PROTECTED_NAMES
            .iter()
            .any(|folder| name.eq_ignore_ascii_case(folder))
    };
    matches!(first, Some(Component::Normal(name)) if is_protected(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_a_root_and_not_protected_may_be_written() {
        let roots = WritableRoots {
            named: vec!["/link".into(), "/w".into()],
            real: vec![
                "/home/.codex/trees/a".into(),
                "/tmp".into(),
                "/tmp/nested".into(),
                "/w".into(),
            ],
            protected: vec![
                "/w/real-git".into(),
                "/home/.codex".into(),
                "/tmp/home/.codex".into(),
            ],
            reading: ReadLimits::default(),
        };
        for (path, may) in [
            ("/w/a", true),
            ("/w/sub/.gitignore", true),
            ("/w/.gitignore", true),
            ("/w/sub/.git/config", true),
            ("/tmp/x", true),
            ("/wx/a", false),
            ("/etc/passwd", false),
            ("/w/.git/hooks/pre-commit", false),
            ("/w/.GIT/config", false),
            ("/w/.codex/config.toml", false),
            ("/w/.agents", false),
            ("/w/.aws/credentials", false),
            ("/tmp/nested/.git/config", false),
            ("/w/real-git/config", false),
            ("/tmp/home/.codex/auth.json", false),
            ("/home/.codex/auth.json", false),
            ("/home/.codex/trees/a/x", true),
        ] {
            let path = Path::new(path);
            assert_eq!(roots.may_write(path, path), may, "{}", path.display());
        }
        assert!(!roots.may_write(Path::new("/link/.git/x"), Path::new("/w/elsewhere/x")));
        assert!(roots.may_write(Path::new("/anything/x"), Path::new("/w/x")));
        assert!(!roots.may_write(Path::new("/w/x"), Path::new("/etc/x")));
    }
}

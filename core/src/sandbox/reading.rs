//! What may be read where a permission profile limits that (docs/contract/safety.md#permission-profiles).

use std::path::{Path, PathBuf};

use super::error::SandboxError;
use super::restricted::{found_by_patterns, real};
use super::roots::{self, SYSTEM};
use crate::{ProfileRules, ThreadSettings};

/// What tools that are not commands may read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReadLimits {
    /// Not this.
    denied: Vec<PathBuf>,
    /// Nothing but this; `None`: everything else.
    only: Option<Vec<PathBuf>>,
    /// What is denied can't be told, and nothing may be read, for this reason.
    unknown: Option<String>,
}

/// What a profile denies, without links.
fn denied(rules: &ProfileRules, settings: &ThreadSettings) -> Result<Vec<PathBuf>, SandboxError> {
    let mut denied = found_by_patterns(rules, settings.workspace())?.hidden;
    for path in rules.denied(settings.workspace()) {
        denied.extend(real(&path)?);
    }
    Ok(denied.into_iter().collect())
}

impl ReadLimits {
    /// Of a thread with these settings, in which further places have been granted. Blocks as long as the file system does.
    pub(crate) fn of(settings: &ThreadSettings, granted: &[PathBuf]) -> Self {
        let Some(rules) = &settings.profile_rules else {
            return Self::default();
        };
        let writable = settings
            .writable_folders()
            .into_iter()
            .chain(settings.writable_tmpdir());
        let writable: Vec<_> = writable
            .filter_map(|path: PathBuf| path.canonicalize().ok())
            .collect();
        match denied(rules, settings) {
            Ok(denied) => Self {
                denied,
                only: readable_places(rules, settings.workspace(), granted, &writable),
                unknown: None,
            },
            Err(error) => {
                tracing::warn!(%error, "nothing can be read");
                Self {
                    denied: Vec::new(),
                    only: Some(Vec::new()),
                    unknown: Some(error.to_string()),
                }
            }
        }
    }

    /// Why something may not be read, for models.
    pub(crate) fn reason(&self) -> &str {
        let unknown = self.unknown.as_deref();
        unknown.unwrap_or("the permission profile denies access to this file")
    }

    /// Whether a place, without links, may be read.
    pub(crate) fn allow(&self, real: &Path) -> bool {
        let is_in = |places: &[PathBuf]| places.iter().any(|place| real.starts_with(place));
        !is_in(&self.denied) && self.only.as_ref().is_none_or(|places| is_in(places))
    }
}

/// All that may be read, without links, in a workspace of these folders: what the profile names, what has been granted, the
/// folders that may be written, and those of the system. `None`: everything. A place to which the way crosses a link that
/// commands may turn elsewhere is left out, and so is one that a profile looks for in a workspace and that leads out of it.
pub(super) fn readable_places<'a>(
    rules: &ProfileRules,
    workspace: impl Iterator<Item = &'a Path>,
    granted: &[PathBuf],
    writable: &[PathBuf],
) -> Option<Vec<PathBuf>> {
    let only = rules.readable.as_ref()?;
    let mut places = writable.to_vec();
    places.extend(only.paths.iter().chain(granted).filter_map(|given| {
        let real = given.canonicalize().ok()?;
        roots::uncertain_link(given, &real, writable)
            .is_none()
            .then_some(real)
    }));
    for root in workspace.filter_map(|root| root.canonicalize().ok()) {
        let below = only
            .in_roots
            .iter()
            .filter_map(|path| root.join(path).canonicalize().ok());
        places.extend(below.filter(|real| real.starts_with(&root)));
    }
    places.extend(
        SYSTEM
            .iter()
            .filter_map(|path| Path::new(path).canonicalize().ok()),
    );
    places.sort_unstable();
    places.dedup();
    Some(places)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::ReadableOnly;

    #[test]
    fn no_link_that_commands_or_repositories_make_widens_what_may_be_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path().canonicalize().expect("a path");
        for name in ["work/inner", "data", "secret"] {
            std::fs::create_dir_all(base.join(name)).expect("folders");
        }
        symlink("../secret", base.join("work/docs")).expect("a link");
        symlink("inner", base.join("work/within")).expect("a link");
        symlink("../secret", base.join("work/given")).expect("a link");
        symlink("secret", base.join("outside")).expect("a link");
        let rules = ProfileRules {
            readable: Some(ReadableOnly {
                paths: vec![base.join("data"), base.join("work/given")],
                in_roots: vec!["docs".into(), "within".into()],
            }),
            ..ProfileRules::default()
        };
        let work = base.join("work");
        let places = |writable: &[PathBuf], granted: &[PathBuf]| {
            let found = readable_places(&rules, [work.as_path()].into_iter(), granted, writable);
            let mut found = found.expect("limits");
            found.retain(|place| place.starts_with(&base));
            found
        };
        let expected = [base.join("data"), work.clone(), work.join("inner")];
        assert_eq!(places(std::slice::from_ref(&work), &[]), expected);
        // What the user named or granted by a link that nobody turns is meant.
        let granted = [base.join("outside")];
        let expected = [base.join("data"), base.join("secret"), work.join("inner")];
        assert_eq!(places(&[], &granted), expected);
    }
}

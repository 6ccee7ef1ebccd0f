//! Permissions beyond what a sandbox policy gives.

use std::path::PathBuf;

/// What commands may do besides what their sandbox policy allows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AdditionalPermissions {
    /// Files and folders that may be read, absolute.
    pub read: Vec<PathBuf>,
    /// Files and folders that may be written, absolute.
    pub write: Vec<PathBuf>,
    /// The network may be used.
    pub network: bool,
}

impl AdditionalPermissions {
    /// Whether they permit nothing.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.write.is_empty() && !self.network
    }

    /// Whether all of this is within `other`. What may be written may be read.
    pub fn is_within(&self, other: &Self) -> bool {
        let below =
            |path: &PathBuf, folders: &[PathBuf]| folders.iter().any(|folder| path.starts_with(folder));
        self.write.iter().all(|path| below(path, &other.write))
            && self
                .read
                .iter()
                .all(|path| below(path, &other.read) || below(path, &other.write))
            && (other.network || !self.network)
    }

    /// What both permit.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        let both = |ours: &[PathBuf], theirs: &[PathBuf]| {
            let inside =
                |path: &&PathBuf, folders: &[PathBuf]| folders.iter().any(|folder| path.starts_with(folder));
            let mut paths: Vec<_> = ours.iter().filter(|path| inside(path, theirs)).cloned().collect();
            for path in theirs.iter().filter(|path| inside(path, ours)) {
                if !paths.contains(path) {
                    paths.push(path.clone());
                }
            }
            paths
        };
        Self {
            read: both(&self.read, &other.read),
            write: both(&self.write, &other.write),
            network: self.network && other.network,
        }
    }

    /// Adds what the other ones permit.
    pub fn add(&mut self, other: &Self) {
        let add = |ours: &mut Vec<PathBuf>, theirs: &[PathBuf]| {
            for path in theirs {
                if !ours.contains(path) {
                    ours.push(path.clone());
                }
            }
        };
        add(&mut self.read, &other.read);
        add(&mut self.write, &other.write);
        self.network |= other.network;
    }
}

/// How long a grant of permissions holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GrantScope {
    /// Until the turn ends.
    #[default]
    Turn,
    /// As long as the thread is loaded.
    Session,
}

/// What the user granted of the permissions that the model asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PermissionGrant {
    /// The part that was granted.
    pub permissions: AdditionalPermissions,
    /// For how long.
    pub scope: GrantScope,
    /// On the condition that everything which the turn does from now on is reviewed by a model.
    pub strict_review: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions(read: &[&str], write: &[&str], network: bool) -> AdditionalPermissions {
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect();
        AdditionalPermissions {
            read: paths(read),
            write: paths(write),
            network,
        }
    }

    #[test]
    fn what_is_granted_is_never_more_than_what_was_asked_for() {
        let asked = permissions(&["/r"], &["/w", "/x/y"], false);
        let answer = permissions(&["/r/a", "/q"], &["/w/a", "/x", "/z"], true);
        let granted = answer.common(&asked);
        assert_eq!(granted, permissions(&["/r/a"], &["/w/a", "/x/y"], false));
        assert!(granted.is_within(&asked));
    }

    #[test]
    fn what_may_be_written_may_be_read() {
        let granted = permissions(&[], &["/w"], true);
        assert!(permissions(&["/w/a"], &["/w/b"], false).is_within(&granted));
        assert!(!permissions(&["/r"], &[], false).is_within(&granted));
        assert!(permissions(&[], &[], false).is_empty() && !granted.is_empty());
        let mut sum = granted.clone();
        sum.add(&permissions(&["/r"], &["/w"], false));
        assert_eq!(sum, permissions(&["/r"], &["/w"], true));
    }
}

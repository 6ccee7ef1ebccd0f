//! Why there is no sandbox, or why a folder isn't writable in it.

use std::path::PathBuf;

/// A command can't be confined as its policy demands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    /// The system lacks what it takes.
    #[error(
        "commands can't be sandboxed here: {missing}. Choose another sandbox mode to run commands without limits, or run in \
         an environment that allows it"
    )]
    Unavailable {
        /// What is missing, and what the system says.
        missing: String,
    },
    /// A folder or file that must be protected can't be looked at.
    #[error("{} can't be protected: {reason}", path.display())]
    Protection {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// There is too much to compare with the patterns of a permission profile.
    #[error(
        "patterns of the permission profile can't be enforced: there are more than {most} files and folders below {}. Set \
         `glob_scan_max_depth`, or choose patterns without `**`",
        folder.display()
    )]
    TooManyToCompare {
        /// The folder in which the patterns hold.
        folder: PathBuf,
        /// How many there may be for all patterns together.
        most: usize,
    },
    /// The plan doesn't fit into an argument.
    #[error(
        "there are too many folders and files with rules of their own. Choose a permission profile that hides whole folders, or \
         fewer files"
    )]
    TooLarge,
}

/// Why a folder that was to be writable is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeftOut {
    /// It is not there.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// It is no folder.
    #[error("{} is not a folder", .0.display())]
    NoFolder(PathBuf),
    /// It is relative, or its name isn't UTF-8.
    #[error("{} is not an absolute path in UTF-8", .0.display())]
    Path(PathBuf),
    /// Commands could turn the way to it elsewhere.
    #[error("the way to {} crosses the link {}, which commands may change", path.display(), link.display())]
    CrossesLink {
        /// The folder.
        path: PathBuf,
        /// The link.
        link: PathBuf,
    },
    /// The whole disk, or a folder of the system that isn't on the disk.
    #[error("{} is too much, or no place for files", .0.display())]
    Unsuitable(PathBuf),
}

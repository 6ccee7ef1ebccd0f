//! What the launcher is told.

use serde::{Deserialize, Serialize};

/// What a command may touch, as the launcher carries it out. Travels as JSON in an argument.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Folders and files that differ from the rest of the disk, which is read-only. Outer ones come before inner ones.
    pub(crate) places: Vec<Place>,
    /// Names that must not appear.
    pub(crate) guards: Vec<Guard>,
    /// Nothing else can be read but this, and the `/dev` and `/proc` of the sandbox. `None`: everything can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) readable: Option<Vec<Readable>>,
    /// The host's network may be used.
    pub(crate) network: bool,
    /// The layers to use: all, but for tests.
    pub(crate) layers: Layers,
}

/// A folder or file that differs from what is around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Absolute, without links.
    pub(crate) path: String,
    /// Which file is meant: device and number. If another one is where the command may write, it doesn't start.
    pub(crate) device: u64,
    /// See `device`.
    pub(crate) inode: u64,
    /// What holds there.
    pub(crate) access: Access,
}

/// A folder or file that can be read. If another one is there, that can't be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Readable {
    /// Absolute, without links.
    pub(crate) path: String,
    /// Which file is meant: device and number.
    pub(crate) device: u64,
    /// See `device`.
    pub(crate) inode: u64,
}

/// What holds at a place and below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Access {
    /// As around it, but it can't be moved: what is inside depends on where it is.
    Pinned,
    /// Writing.
    Write,
    /// Reading only.
    Read,
    /// Nothing.
    None,
    /// A folder for reading, without the entries of these names.
    Without(Vec<String>),
}

/// Names that must not appear in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Guard {
    /// The folder: its device.
    pub(crate) device: u64,
    /// The folder: its number.
    pub(crate) inode: u64,
    /// The names. Upper and lower case are the same.
    pub(crate) names: Vec<String>,
    /// Names among them that are there as links: they must not be removed either.
    pub(crate) links: Vec<String>,
}

/// The layers of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layers {
    /// User, mount, process, IPC, host-name and network namespaces.
    pub(crate) namespaces: bool,
    /// Landlock.
    pub(crate) landlock: bool,
    /// The seccomp filter, and the supervisor that it asks.
    pub(crate) seccomp: bool,
}

impl Default for Layers {
    fn default() -> Self {
        Self {
            namespaces: true,
            landlock: true,
            seccomp: true,
        }
    }
}

impl Plan {
    /// Whether some names must not appear, so that everything that is created is looked at.
    pub(super) fn guards_names(&self) -> bool {
        !self.guards.is_empty()
    }

    /// Whether some links must not be removed.
    pub(super) fn guards_links(&self) -> bool {
        self.guards.iter().any(|guard| !guard.links.is_empty())
    }
}

//! Plugins: folders with skills, hooks and MCP servers that users install from marketplaces
//! (docs/contract/services.md#plugins).
//!
//! A marketplace is a folder with a list of plugins: the user's own, or a copy of a git repository below
//! `<home>/.tmp/marketplaces`. What is installed is a copy below `<home>/plugins/cache`, so that it changes only when the
//! user says so. All of it was written by somebody else: files are read up to limits, no path and no link leads out of
//! a plugin's folder, and what is broken costs that plugin. Nothing is read where none is configured.
//!
//! # Where to look
//!
//! | question | file |
//! |---|---|
//! | what a plugin is called | `plugin_id.rs` |
//! | how its files are read | `confined.rs` |
//! | what a marketplace and a plugin say of themselves | `marketplace.rs`, `manifest.rs` |
//! | what is in a plugin | `parts.rs` |
//! | what was given as a source, and fetching it | `source.rs`, `git.rs` |
//! | copies of plugins | `cache.rs` |
//! | which are installed and on | `installed.rs` |
//! | which a user names | `mentioned.rs` |
//! | what clients ask for | `operations.rs`, `upgrade.rs`, `catalog.rs` |
//! | that changes come one after the other, and end | `change.rs` |
//! | what is written into the configuration | `settings.rs` |

mod cache;
mod catalog;
mod change;
mod confined;
mod git;
mod installed;
mod manifest;
mod marketplace;
mod mentioned;
mod operations;
mod parts;
mod plugin_id;
mod settings;
mod source;
mod upgrade;

pub use self::catalog::{
    AuthPolicy, FoundMarketplace, FoundPlugin, InstallPolicy, LoadError, PluginDetail, PluginListing,
    PluginSkill,
};
pub(crate) use self::installed::{PluginHooks, hooks, load_with_mcp_servers, with_parts};
pub use self::manifest::PluginInterface;
pub use self::marketplace::PluginSource;
pub(crate) use self::mentioned::mentioned;
pub use self::operations::{AddedMarketplace, MarketplaceToAdd, Plugins, RemovedMarketplace};
pub use self::upgrade::UpgradedMarketplaces;

use crate::config::ConfigWriteError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// It can't be, as things stand.
    #[error("{0}")]
    Refused(String),
    /// Something failed on the way.
    #[error("{0}")]
    Failed(String),
    /// The configuration can't be read or written.
    #[error(transparent)]
    Config(#[from] ConfigWriteError),
}

impl PluginError {
    fn refused(message: impl Into<String>) -> Self {
        Self::Refused(message.into())
    }

    fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}

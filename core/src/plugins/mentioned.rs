//! Plugins that a user names: a link `[@name](plugin://id)`, or one that the client picked.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::installed::{Installed, enabled};
use super::parts;
use crate::UserInput;
use crate::config::Config;
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::skills::skills_of_plugin;

/// Links that are looked at in one text at most.
const MAX_NAMED: usize = 1024;

/// Plugins of one message at most.
const MAX_PLUGINS: usize = 32;

/// A plugin that is on, and that the user names.
#[derive(Debug)]
pub(crate) struct MentionedPlugin {
    /// `plugin@marketplace`.
    pub(crate) id: String,
    /// Its name for people, in one line.
    pub(crate) display_name: String,
    /// What the names of its skills begin with, if it has any.
    pub(crate) skill_prefix: Option<String>,
}

/// The plugins that the user names, by id. Reads nothing where none is named.
pub(crate) async fn mentioned(config: &Arc<Config>, input: &[UserInput]) -> Vec<MentionedPlugin> {
    let ids = named(input);
    if ids.is_empty() || config.plugins.plugins.is_empty() {
        return Vec::new();
    }
    let config = Arc::clone(config);
    let reading = in_background(READ_TIMEOUT, move || {
        let plugins = enabled(&config).filter(|plugin| ids.contains(&plugin.id.to_string()));
        plugins
            .map(|plugin| describe(&plugin))
            .take(MAX_PLUGINS)
            .collect()
    });
    reading.await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the plugins that the user names are left out");
        Vec::new()
    })
}

fn describe(plugin: &Installed) -> MentionedPlugin {
    let mut folders = parts::skills(&plugin.manifest, &plugin.id).into_iter();
    MentionedPlugin {
        id: plugin.id.to_string(),
        display_name: plugin.display_name(),
        skill_prefix: folders
            .find(|folder| !skills_of_plugin(folder).is_empty())
            .map(|folder| folder.name),
    }
}

/// The ids that are named. They may be those of anything.
fn named(input: &[UserInput]) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for part in input {
        match part {
            UserInput::Text { text, .. } => {
                // Neither goes beyond where the next may begin, so that the text is read once.
                let links = text.match_indices("[@").filter_map(|(at, _)| {
                    let (_, behind) = text[at + 1..].split_once(['[', ']'])?;
                    let (target, _) = behind.strip_prefix('(')?.split_once(['[', ')'])?;
                    plugin_id(target)
                });
                ids.extend(links.take(MAX_NAMED));
            }
            UserInput::Mention { path, .. } => ids.extend(plugin_id(path)),
            _ => {}
        }
    }
    ids
}

fn plugin_id(target: &str) -> Option<String> {
    target.trim().strip_prefix("plugin://").map(str::to_owned)
}

//! Feature flags: `[features]`, `--enable`, `--disable` (docs/contract/services.md#features).
//!
//! The registry holds every key of the contract release with its stage and default, because clients list them and
//! users have them in their files. Only the keys that have a constant here are looked at by our code.

mod registry;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use self::registry::REGISTRY;

/// Tell of patches while the model writes them.
pub const APPLY_PATCH_STREAMING_EVENTS: &str = "apply_patch_streaming_events";
/// Compress request bodies where the server takes it.
pub const ENABLE_REQUEST_COMPRESSION: &str = "enable_request_compression";
/// The model may ask the user questions in every mode, not only in plan mode.
pub const DEFAULT_MODE_REQUEST_USER_INPUT: &str = "default_mode_request_user_input";
/// Tell the model of the repositories of its folders. A key of ours: the contract release has none for it.
pub const GIT_CONTEXT: &str = "git_context";
/// Threads have goals, and work for them by themselves.
pub const GOALS: &str = "goals";
/// Run the hooks that are configured.
pub const HOOKS: &str = "hooks";
/// Let commands ask for more than their sandbox allows, piece by piece.
pub const EXEC_PERMISSION_APPROVALS: &str = "exec_permission_approvals";
/// Offer tools that start agents.
pub const MULTI_AGENT: &str = "multi_agent";
/// Agents have paths and write to each other, whatever the model.
pub const MULTI_AGENT_V2: &str = "multi_agent_v2";
/// Let clients change the model and its settings for the rest of a running turn.
pub const STEP_MODEL_SWITCHING: &str = "step_model_switching";
/// Take notes of threads at rest, and tell them to later ones.
pub const MEMORIES: &str = "memories";
/// Let installed plugins add skills, hooks and MCP servers.
pub const PLUGINS: &str = "plugins";
/// Offer a tool that asks for permissions.
pub const REQUEST_PERMISSIONS_TOOL: &str = "request_permissions_tool";
/// Offer every model a tool that tells the user something in the middle of a turn.
pub const SEND_MESSAGE_TO_USER_ASYNC: &str = "send_message_to_user_async";
/// Offer tools that run commands.
pub const SHELL_TOOL: &str = "shell_tool";
/// Offer a tool that makes images, where requests go in the name of a ChatGPT account.
pub const IMAGE_GENERATION: &str = "image_generation";
/// Offer a tool that shows the model image files.
pub const VIEW_IMAGE: &str = "view_image";

/// How far a feature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Not for use yet.
    UnderDevelopment,
    /// For those who like to try.
    Beta,
    /// For everybody.
    Stable,
    /// On its way out.
    Deprecated,
    /// Without effect; the key is still accepted.
    Removed,
}

/// A key of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// Its name in `[features]`.
    pub key: &'static str,
    /// How far it is.
    pub stage: Stage,
    /// Whether it is on when nobody says otherwise.
    pub default_enabled: bool,
}

/// All features of the contract release, in its order.
pub fn all() -> impl Iterator<Item = Feature> {
    REGISTRY.into_iter()
}

/// The feature with this name, or former name.
pub fn find(name: &str) -> Option<Feature> {
    // Every start of a thread asks for a dozen.
    static BY_NAME: LazyLock<Vec<Feature>> = LazyLock::new(|| {
        let mut features: Vec<_> = OWN.into_iter().chain(all()).collect();
        features.sort_unstable_by_key(|feature| feature.key);
        features
    });
    let name = renamed(name).unwrap_or(name);
    let place = BY_NAME.binary_search_by_key(&name, |feature| feature.key);
    BY_NAME.get(place.ok()?).copied()
}

/// The name that a feature has now which is called by a former one.
pub fn renamed(name: &str) -> Option<&'static str> {
    let mut names = FORMER_NAMES.iter();
    names.find_map(|(former, key)| (*former == name).then_some(*key))
}

/// Features that the contract release doesn't have. Clients are not told of them.
const OWN: [Feature; 1] = [Feature {
    key: GIT_CONTEXT,
    stage: Stage::Stable,
    default_enabled: true,
}];

/// Features that a client may switch while the process runs; what is configured outranks it.
pub const SWITCHABLE: [&str; 16] = [
    "api_key_cyber_access_programs",
    "api_key_model_discovery",
    "auth_elicitation",
    "background_paginated_rollout_migration",
    "codex_apps_mcp_2026_07_28",
    "daybreak_program_propagation",
    "mcp_2026_07_28",
    "mcp_connection_sharing",
    "mcp_lazy_stdio_startup",
    "mcp_shared_repl_cwd",
    "memories",
    "mentions_v2",
    "remote_control",
    "remote_plugin",
    "tool_suggest",
    "windows_sandbox_service",
];

/// What clients have switched in this process, of [`SWITCHABLE`]. Clones share it. Gone when the process ends.
#[derive(Debug, Clone, Default)]
pub struct Switches {
    /// A lock, because connections write and every load of a configuration reads. Held for a few instructions.
    set: Arc<Mutex<BTreeMap<&'static str, bool>>>,
}

impl Switches {
    /// Switches a feature, by name or former name. False: it is none of those that can be switched.
    pub fn set(&self, name: &str, on: bool) -> bool {
        let feature = find(name).filter(|feature| SWITCHABLE.contains(&feature.key));
        if let Some(feature) = feature {
            self.lock().insert(feature.key, on);
        }
        feature.is_some()
    }

    /// All that was switched.
    pub fn all(&self) -> BTreeMap<&'static str, bool> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, bool>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The features that are on, for one configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    set: BTreeMap<&'static str, bool>,
}

impl Features {
    /// Switches that were set, by name or former name; later ones win. Names that nobody knows are left out.
    pub fn new<'a>(set: impl IntoIterator<Item = (&'a str, bool)>) -> Self {
        let set = set
            .into_iter()
            .filter_map(|(name, on)| Some((find(name)?.key, on)))
            .collect();
        Self { set }
    }

    /// Whether a feature is on.
    pub fn enabled(&self, key: &str) -> bool {
        match self.set.get(key) {
            Some(on) => *on,
            None => find(key).is_some_and(|feature| feature.default_enabled),
        }
    }
}

const FORMER_NAMES: [(&str, &str); 6] = [
    ("codex_hooks", "hooks"),
    ("collab", "multi_agent"),
    ("connectors", "apps"),
    ("memory_tool", "memories"),
    ("telepathy", "chronicle"),
    ("web_search", "web_search_request"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_there_once() {
        let mut keys: Vec<_> = all().map(|feature| feature.key).collect();
        assert_eq!(keys.len(), 224);
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 224);
        for feature in all() {
            assert_eq!(find(feature.key), Some(feature));
        }
        for no_key in ["", " ", "s", "memories mentions_v2", "app", "hook"] {
            assert_eq!(find(no_key), None, "{no_key:?}");
        }
    }

    #[test]
    fn our_own_keys_are_in_the_registry() {
        for key in [
            ENABLE_REQUEST_COMPRESSION,
            EXEC_PERMISSION_APPROVALS,
            IMAGE_GENERATION,
            REQUEST_PERMISSIONS_TOOL,
            SEND_MESSAGE_TO_USER_ASYNC,
            SHELL_TOOL,
            VIEW_IMAGE,
        ] {
            assert!(find(key).is_some(), "{key}");
        }
    }

    #[test]
    fn some_features_can_be_switched_while_running() {
        for key in SWITCHABLE {
            assert!(find(key).is_some(), "{key}");
        }
        let switches = Switches::default();
        let shared = switches.clone();
        assert!(switches.set("memory_tool", true));
        assert!(!switches.set("shell_tool", false) && !switches.set("nonesuch", true));
        assert_eq!(shared.all(), BTreeMap::from([("memories", true)]));
    }

    #[test]
    fn former_names_stand_for_the_new_ones() {
        for (former, key) in FORMER_NAMES {
            assert_eq!(find(former).map(|feature| feature.key), Some(key));
        }
        let features = Features::new([("multi_agent", true), ("collab", false), ("nonesuch", true)]);
        assert!(!features.enabled("multi_agent"));
        assert!(!features.enabled("nonesuch"));
    }
}

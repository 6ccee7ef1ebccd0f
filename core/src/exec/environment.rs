//! The environment of commands (docs/contract/tools.md#command-environment).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use globset::{GlobBuilder, GlobMatcher};

use crate::CONTRACT_VERSION;
use crate::config::{FilterMode, InheritEnvironment, ShellEnvironmentPolicy};

/// Commands write to a program, not to a terminal: no colours, no pagers, no questions, one language.
const FIXED: [(&str, &str); 11] = [
    ("CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS", "1"),
    ("CODEX_CI", "1"),
    ("NO_COLOR", "1"),
    ("TERM", "dumb"),
    ("COLORTERM", ""),
    ("PAGER", "cat"),
    ("GIT_PAGER", "cat"),
    ("GH_PAGER", "cat"),
    ("LANG", "C.UTF-8"),
    ("LC_ALL", "C.UTF-8"),
    ("LC_CTYPE", "C.UTF-8"),
];

/// What [`InheritEnvironment::Core`] keeps.
const CORE: [&str; 10] = [
    "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "USER", "TZ",
];

/// Names that look like secrets.
const SECRETS: [&str; 3] = ["*KEY*", "*SECRET*", "*TOKEN*"];

/// Builds environments by a policy.
#[derive(Debug)]
pub(super) struct Environment {
    policy: ShellEnvironmentPolicy,
    exclude: Vec<GlobMatcher>,
    include_only: Vec<GlobMatcher>,
}

/// Who a command runs for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity<'a> {
    pub(super) thread_id: &'a str,
    pub(super) session_id: &'a str,
    pub(super) call_id: &'a str,
    /// The sandbox that we were put into allows no network.
    pub(super) network_disabled: bool,
}

impl Environment {
    pub(super) fn new(policy: ShellEnvironmentPolicy) -> Self {
        let by_mode = |mode| {
            let of_mode = move |(glob, its): (&'_ String, &FilterMode)| (*its == mode).then(|| glob.clone());
            policy.filters.iter().filter_map(of_mode).collect::<Vec<_>>()
        };
        let secrets = SECRETS
            .into_iter()
            .filter(|_| policy.ignore_default_excludes == Some(false))
            .map(str::to_owned);
        let exclude = policy
            .exclude
            .iter()
            .cloned()
            .chain(secrets)
            .chain(by_mode(FilterMode::Exclude));
        let include_only = policy
            .include_only
            .iter()
            .cloned()
            .chain(by_mode(FilterMode::Include));
        Self {
            exclude: matchers(exclude),
            include_only: matchers(include_only),
            policy,
        }
    }

    /// All variables of a command, out of `ours`.
    pub(super) fn build(
        &self,
        ours: impl Iterator<Item = (OsString, OsString)>,
        who: Identity<'_>,
    ) -> Vec<(OsString, OsString)> {
        let mut all = self.inherited(ours);
        let mut put = |name: &str, value: &OsStr| all.push((name.into(), value.to_owned()));
        for (name, value) in FIXED {
            put(name, value.as_ref());
        }
        put("CODEX_VERSION", CONTRACT_VERSION.as_ref());
        put("CODEX_THREAD_ID", who.thread_id.as_ref());
        put("CODEX_SESSION_ID", who.session_id.as_ref());
        put("CODEX_TOOL_CALL_ID", who.call_id.as_ref());
        if who.network_disabled {
            put("CODEX_SANDBOX_NETWORK_DISABLED", "1".as_ref());
        }
        all
    }

    /// The variables of a process that a client runs: what the policy lets through, changed as the client says.
    pub(super) fn build_for_client(
        &self,
        ours: impl Iterator<Item = (OsString, OsString)>,
        changes: BTreeMap<String, Option<String>>,
    ) -> Vec<(OsString, OsString)> {
        let mut all = self.inherited(ours);
        all.retain(|(name, _)| !changes.keys().any(|changed| name == changed.as_str()));
        let set = changes
            .into_iter()
            .filter_map(|(name, value)| Some((name.into(), value?.into())));
        all.extend(set);
        all
    }

    /// What the policy lets through of `ours`, and what it sets.
    fn inherited(&self, ours: impl Iterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
        let inherited = ours.filter(|(name, _)| match self.policy.inherit {
            InheritEnvironment::All => true,
            InheritEnvironment::Core => CORE.iter().any(|core| name == core),
            InheritEnvironment::None => false,
        });
        let set = self
            .policy
            .set
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        inherited
            .filter(|(name, _)| !matches_any(&self.exclude, name))
            .chain(set)
            .filter(|(name, _)| self.include_only.is_empty() || matches_any(&self.include_only, name))
            .collect()
    }
}

/// Globs over names, whatever their case. What is no glob matches nothing.
fn matchers(globs: impl Iterator<Item = String>) -> Vec<GlobMatcher> {
    globs
        .filter_map(
            |glob| match GlobBuilder::new(&glob).case_insensitive(true).build() {
                Ok(glob) => Some(glob.compile_matcher()),
                Err(error) => {
                    tracing::warn!(%error, "shell_environment_policy: a glob is left out");
                    None
                }
            },
        )
        .collect()
}

fn matches_any(globs: &[GlobMatcher], name: &OsStr) -> bool {
    globs.iter().any(|glob| glob.is_match(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(policy: ShellEnvironmentPolicy) -> BTreeMap<String, String> {
        let ours = [
            ("PATH", "/bin"),
            ("HOME", "/h"),
            ("API_KEY", "k"),
            ("TERM", "xterm"),
            ("EDITOR", "vi"),
        ];
        let who = Identity {
            thread_id: "t",
            session_id: "s",
            call_id: "c",
            network_disabled: false,
        };
        Environment::new(policy)
            .build(ours.iter().map(|(name, value)| (name.into(), value.into())), who)
            .into_iter()
            .map(|(name, value)| {
                (
                    name.into_string().expect("text"),
                    value.into_string().expect("text"),
                )
            })
            .collect()
    }

    #[test]
    fn by_default_everything_passes_and_the_terminal_is_dumb() {
        let all = build(ShellEnvironmentPolicy::default());
        for (name, value) in [
            ("PATH", "/bin"),
            ("API_KEY", "k"),
            ("TERM", "dumb"),
            ("COLORTERM", ""),
            ("CODEX_CI", "1"),
            ("CODEX_THREAD_ID", "t"),
            ("CODEX_SESSION_ID", "s"),
            ("CODEX_TOOL_CALL_ID", "c"),
            ("CODEX_VERSION", CONTRACT_VERSION),
        ] {
            assert_eq!(all.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(!all.contains_key("CODEX_SANDBOX_NETWORK_DISABLED"));
    }

    #[test]
    fn a_policy_filters_and_sets() {
        let policy = |text: &str| toml::from_str::<ShellEnvironmentPolicy>(text).expect("a policy");
        assert!(!build(policy("ignore_default_excludes = false")).contains_key("API_KEY"));
        assert!(!build(policy("exclude = [\"edit*\"]")).contains_key("EDITOR"));
        assert!(!build(policy("filters = { \"api_*\" = \"exclude\" }")).contains_key("API_KEY"));
        let core = build(policy("inherit = \"core\"\nset = { A = \"1\" }"));
        assert!(core.contains_key("PATH") && core["A"] == "1" && !core.contains_key("EDITOR"));
        let none = build(policy("inherit = \"none\""));
        assert!(!none.contains_key("PATH") && none.contains_key("CODEX_CI"));
        let only = build(policy("include_only = [\"PATH\", \"[\"]"));
        assert!(only.contains_key("PATH") && !only.contains_key("HOME"));
    }
}

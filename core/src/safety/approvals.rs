//! What the user has allowed in a thread.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::Confinement;
use crate::exec_policy::store::ThreadRules;
use crate::{AdditionalPermissions, GrantScope, PermissionGrant};

/// A command that may be allowed for the whole session: what it is, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AllowedCommand {
    /// The shell, as a login shell or not.
    pub(crate) shell: String,
    /// What it runs.
    pub(crate) script: String,
    /// In a terminal, where the model can type.
    pub(crate) terminal: bool,
    /// Working folder.
    pub(crate) cwd: PathBuf,
    /// What holds it in.
    pub(crate) confinement: Confinement,
    /// Beyond that.
    pub(crate) permissions: AdditionalPermissions,
}

/// What the user has allowed in a thread, as long as it is loaded, and the rules that hold in it.
#[derive(Debug)]
pub(crate) struct ThreadApprovals {
    rules: ThreadRules,
    /// Commands are assessed one by one, in the order of their calls. Held while files are looked at.
    in_order: tokio::sync::Mutex<()>,
    /// A lock, because calls of one turn run side by side. Held for a few instructions.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    commands: HashSet<AllowedCommand>,
    session: AdditionalPermissions,
    /// Of the turn that was granted something last.
    turn: Option<TurnGrant>,
    /// Beginnings of commands that the user allows for good, and that the model has not been told of.
    new_prefixes: Vec<Vec<String>>,
}

/// What has been granted to a turn.
#[derive(Debug)]
struct TurnGrant {
    turn_id: Arc<str>,
    permissions: AdditionalPermissions,
    strict_review: bool,
}

impl ThreadApprovals {
    /// Nothing is allowed yet but what the rules allow.
    pub(crate) fn new(rules: ThreadRules) -> Arc<Self> {
        Arc::new(Self {
            rules,
            in_order: tokio::sync::Mutex::default(),
            state: Mutex::default(),
        })
    }

    /// The rules that hold in the thread.
    pub(crate) fn rules(&self) -> &ThreadRules {
        &self.rules
    }

    /// Resolves when all commands that came before have been assessed; the next waits until the guard is dropped.
    pub(crate) async fn my_turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.in_order.lock().await
    }

    /// Whether the user allowed this command for the whole session.
    pub(crate) fn is_allowed(&self, command: &AllowedCommand) -> bool {
        self.state().commands.contains(command)
    }

    /// The user allows this command for the whole session.
    pub(crate) fn allow(&self, command: AllowedCommand) {
        self.state().commands.insert(command);
    }

    /// The user allows all commands that begin with these words; the rules say so already.
    pub(crate) fn allowed_prefix(&self, words: Vec<String>) {
        self.state().new_prefixes.push(words);
    }

    /// What the model is to be told of such commands, once.
    pub(crate) fn take_news(&self) -> Option<String> {
        let prefixes = std::mem::take(&mut self.state().new_prefixes);
        if prefixes.is_empty() {
            return None;
        }
        let mut text = "The user has approved all commands that begin with these words:".to_owned();
        for words in prefixes {
            // Writing to a String can't fail.
            let _ = write!(text, "\n- {}", json!(words));
        }
        Some(text)
    }

    /// The permissions that commands of this turn have beyond the sandbox policy: what the sandbox is to open.
    pub(crate) fn granted(&self, turn_id: &str) -> AdditionalPermissions {
        let state = self.state();
        let mut granted = state.session.clone();
        if let Some(grant) = state.turn.as_ref().filter(|grant| *grant.turn_id == *turn_id) {
            granted.add(&grant.permissions);
        }
        granted
    }

    /// Whether everything that this turn does is to be reviewed.
    pub(crate) fn is_reviewed_strictly(&self, turn_id: &str) -> bool {
        let state = self.state();
        let grant = state.turn.as_ref().filter(|grant| *grant.turn_id == *turn_id);
        grant.is_some_and(|grant| grant.strict_review)
    }

    /// The user grants permissions in this turn.
    pub(crate) fn grant(&self, turn_id: &Arc<str>, grant: &PermissionGrant) {
        let mut state = self.state();
        match grant.scope {
            GrantScope::Session => state.session.add(&grant.permissions),
            GrantScope::Turn => match &mut state.turn {
                Some(earlier) if earlier.turn_id == *turn_id => {
                    earlier.permissions.add(&grant.permissions);
                    earlier.strict_review |= grant.strict_review;
                }
                turn => {
                    *turn = Some(TurnGrant {
                        turn_id: Arc::clone(turn_id),
                        permissions: grant.permissions.clone(),
                        strict_review: grant.strict_review,
                    });
                }
            },
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec_policy::RuleSet;
    use crate::exec_policy::store::HomeRules;

    #[test]
    fn grants_hold_for_their_turn_or_for_the_session() {
        let home = HomeRules::new("/nonesuch".into(), None);
        let approvals = ThreadApprovals::new(ThreadRules::new(home, RuleSet::default()));
        let grant = |path: &str, scope| PermissionGrant {
            permissions: AdditionalPermissions {
                write: vec![path.into()],
                ..AdditionalPermissions::default()
            },
            scope,
            strict_review: false,
        };
        let (first, second): (Arc<str>, Arc<str>) = ("t1".into(), "t2".into());
        approvals.grant(&first, &grant("/a", GrantScope::Turn));
        approvals.grant(&first, &grant("/b", GrantScope::Session));
        approvals.grant(&first, &grant("/c", GrantScope::Turn));
        let writable = |turn: &str| approvals.granted(turn).write;
        assert_eq!(writable("t1"), ["/b", "/a", "/c"].map(PathBuf::from));
        assert_eq!(writable("t2"), ["/b"].map(PathBuf::from));
        approvals.grant(&second, &grant("/d", GrantScope::Turn));
        assert_eq!(writable("t2"), ["/b", "/d"].map(PathBuf::from));
        assert_eq!(writable("t1"), ["/b"].map(PathBuf::from));
    }
}

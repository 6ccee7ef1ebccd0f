//! Which hooks the user trusts: by the hash of what a hook does, which clients keep in `[hooks.state]`.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::hex::hex;
use crate::{HookEvent, HookSource, HookTrust};

/// The hash of a handler, with its defaults filled in, and of what it is limited to.
pub(super) fn hash(event: HookEvent, matcher: Option<&str>, handler: Value) -> String {
    let mut hook = Map::new();
    hook.insert("event_name".to_owned(), event.snake_name().into());
    if let Some(matcher) = matcher {
        hook.insert("matcher".to_owned(), matcher.into());
    }
    hook.insert("hooks".to_owned(), Value::Array(vec![handler]));
    let mut hook = Value::Object(hook);
    hook.sort_all_objects();
    format!("sha256:{}", hex(&Sha256::digest(hook.to_string())))
}

/// What users have said of hooks: the tables of `[hooks.state]`, by the keys of hooks.
#[derive(Debug, Default)]
pub(super) struct HookStates(Map<String, Value>);

impl HookStates {
    /// Takes over what another layer says.
    pub(super) fn add(&mut self, state: Option<&Value>) {
        let Some(Value::Object(state)) = state else {
            return;
        };
        for (key, said) in state {
            let Value::Object(said) = said else { continue };
            match self.0.get_mut(key) {
                Some(Value::Object(known)) => known.extend(said.clone()),
                _ => {
                    self.0.insert(key.clone(), Value::Object(said.clone()));
                }
            }
        }
    }

    /// Whether a hook may run, and whether it is switched on.
    pub(super) fn of(&self, key: &str, hash: &str, source: HookSource) -> (HookTrust, bool) {
        if source == HookSource::System {
            // What an administrator wants is nobody else's to switch off.
            return (HookTrust::Managed, true);
        }
        let said = self.0.get(key);
        let enabled = said
            .and_then(|said| said.get("enabled")?.as_bool())
            .unwrap_or(true);
        let trusted = said.and_then(|said| said.get("trusted_hash")?.as_str());
        let trust = match trusted {
            None => HookTrust::Untrusted,
            Some(trusted) if trusted == hash => HookTrust::Trusted,
            Some(_) => HookTrust::Modified,
        };
        (trust, enabled)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hashes_are_those_of_the_contract_release() {
        let command = |command: &str, timeout: u64, is_async: bool| json!({"type": "command", "command": command, "timeout": timeout, "async": is_async});
        let mut checking = command("echo a", 7, false);
        checking["statusMessage"] = "checking".into();
        assert_eq!(
            hash(HookEvent::PreToolUse, Some("^Bash$"), checking),
            "sha256:55212c9467b8db18997dba6957b0f35055b3f0df80e2375259886ef89b7cc569"
        );
        let mut limited = command("echo b", 600, true);
        limited["additionalContextLimit"] = 100.into();
        assert_eq!(
            hash(HookEvent::PreToolUse, Some("^Bash$"), limited),
            "sha256:bcf09bedff32711f65d4fd3716491a3f90a0f506293aa8b67ba0e02c7f974095"
        );
        assert_eq!(
            hash(HookEvent::SessionEnd, None, command("echo se2", 3, false)),
            "sha256:9f5126ae63f154c68b7db6d2f3f954ff119c97be27c0f6bede5e60d63bfc213e"
        );
    }

    #[test]
    fn only_the_hash_of_what_a_hook_does_now_is_trusted() {
        let mut states = HookStates::default();
        states.add(Some(
            &json!({"a": {"trusted_hash": "h"}, "b": {"enabled": false}, "c": 3}),
        ));
        states.add(Some(&json!({"b": {"trusted_hash": "other"}})));
        let of = |key| states.of(key, "h", HookSource::User);
        assert_eq!(of("a"), (HookTrust::Trusted, true));
        assert_eq!(of("b"), (HookTrust::Modified, false));
        assert_eq!(of("c"), (HookTrust::Untrusted, true));
        assert_eq!(
            states.of("b", "h", HookSource::System),
            (HookTrust::Managed, true)
        );
    }
}

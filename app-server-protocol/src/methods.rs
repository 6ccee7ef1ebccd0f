//! The table of all methods, family by family.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::rpc::{Direction, MethodInfo, Scope};

/// Every method that works, family by family.
pub static METHODS: [MethodInfo; COUNT] = join(FAMILIES);

/// The tables of the families. A new family adds its line here.
const FAMILIES: &[&[MethodInfo]] = &[
    crate::initialize::METHODS,
    crate::thread::METHODS,
    crate::turn::METHODS,
    crate::review::METHODS,
    crate::auto_review::METHODS,
    crate::thread_plan::METHODS,
    crate::item::METHODS,
    crate::approval::METHODS,
    crate::dynamic_tool::METHODS,
    crate::attestation::METHODS,
    crate::permission::METHODS,
    crate::thread_lifecycle::METHODS,
    crate::thread_search::METHODS,
    crate::thread_list::METHODS,
    crate::thread_read::METHODS,
    crate::thread_read_state::METHODS,
    crate::thread_timeline::METHODS,
    crate::thread_realtime::METHODS,
    crate::thread_metadata::METHODS,
    crate::thread_goal::METHODS,
    crate::thread_queue::METHODS,
    crate::thread_sample::METHODS,
    crate::thread_elicitation::METHODS,
    crate::thread_section::METHODS,
    crate::thread_attachment::METHODS,
    crate::thread_command::METHODS,
    crate::thread_compact::METHODS,
    crate::command_exec::METHODS,
    crate::process::METHODS,
    crate::account::METHODS,
    crate::account_limits::METHODS,
    crate::account_usage::METHODS,
    crate::model::METHODS,
    crate::model_provider::METHODS,
    crate::permission_profile::METHODS,
    crate::collaboration_mode::METHODS,
    crate::config::METHODS,
    crate::config_requirements::METHODS,
    crate::memory::METHODS,
    crate::rollout::METHODS,
    crate::skills::METHODS,
    crate::marketplace::METHODS,
    crate::plugin::METHODS,
    crate::plugin_share::METHODS,
    crate::app::METHODS,
    crate::external_agent_config::METHODS,
    crate::feature::METHODS,
    crate::hooks::METHODS,
    crate::mcp_server::METHODS,
    crate::turn_progress::METHODS,
    crate::file_change::METHODS,
    crate::user_input::METHODS,
    crate::item_progress::METHODS,
    crate::notice::METHODS,
    crate::fs::METHODS,
    crate::fuzzy_file_search::METHODS,
    crate::server_diagnostics::METHODS,
    crate::environment::METHODS,
    crate::windows_sandbox::METHODS,
    crate::remote_control::METHODS,
    crate::user_verification::METHODS,
    crate::gateway_oauth::METHODS,
    crate::account_session::METHODS,
    crate::bedrock::METHODS,
    crate::feedback::METHODS,
    crate::project::METHODS,
    crate::mock::METHODS,
];

/// Methods that are part of the contract but of no schema.
pub static UNLISTED: &[MethodInfo] = crate::auth_status::METHODS;

const COUNT: usize = {
    let (mut family, mut count) = (0, 0);
    while family < FAMILIES.len() {
        count += FAMILIES[family].len();
        family += 1;
    }
    count
};

const fn join<const N: usize>(families: &[&[MethodInfo]]) -> [MethodInfo; N] {
    const BLANK: MethodInfo = MethodInfo {
        method: "",
        direction: Direction::ClientNotification,
        experimental: false,
        scope: Scope::None,
        summary: "",
        params: None,
        response: None,
    };
    let mut all = [BLANK; N];
    let (mut family, mut next) = (0, 0);
    while family < families.len() {
        let mut row = 0;
        while row < families[family].len() {
            all[next] = families[family][row];
            next += 1;
            row += 1;
        }
        family += 1;
    }
    all
}

/// The table line of a method.
pub fn find(method: &str) -> Option<&'static MethodInfo> {
    static INDEX: OnceLock<HashMap<&'static str, &'static MethodInfo>> = OnceLock::new();
    INDEX
        .get_or_init(|| {
            let all = METHODS.iter().chain(UNLISTED);
            all.map(|info| (info.method, info)).collect()
        })
        .get(method)
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_method_is_declared_twice() {
        let all = METHODS.iter().chain(UNLISTED);
        let mut names: Vec<_> = all.map(|info| info.method).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        assert_eq!(find("thread/start").unwrap().scope, Scope::None);
        assert!(find("thread/nonsense").is_none());
    }
}

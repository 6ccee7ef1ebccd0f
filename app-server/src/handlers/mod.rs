//! What each method does: one file per family, named as in the protocol crate; `register` on top, then plain functions.
//! A handler takes the parameters apart, has the engine do the work, and answers; what follows for other clients goes
//! through `subscriptions`, in the order in which it must be seen.
//!
//! Where to look:
//!
//! * the first request of a connection: `initialize`
//! * threads that begin, come back, branch off and go: `thread` (start, loaded, unsubscribe), `thread_lifecycle` (resume,
//!   fork, revert, archive, unarchive, delete)
//! * finding and reading threads: `thread_list`, `thread_search`, `thread_read`, `thread_timeline`; answers that may be as
//!   large as a thread, or as thousands of skills: `streamed_turns`, `streamed_skills`
//! * what users make of threads: `thread_metadata` (names, settings), `thread_goal`, `thread_queue`, `thread_section`,
//!   `thread_attachment`, `thread_read_state`
//! * turns: `turn`, `review`, `auto_review`, `thread_plan`, `thread_compact` (summing up), `thread_sample`,
//!   `thread_elicitation`; commands of users and in the
//!   background: `thread_command`; processes beside all threads: `command_exec`,
//!   `process`
//! * configuration: `config`, `config_requirements`, `model_provider`, `permission_profile`, `collaboration_mode`, `feature`,
//!   `external_agent_config`
//! * voice: `thread_realtime`
//! * files of threads: `rollout`
//! * plugins: `marketplace`, `plugin`, `plugin_share`, `app`
//! * files of the machine: `fs`, `fuzzy_file_search`; the machine and the server: `environment`, `server_diagnostics`
//! * what this server has not, and says so: `windows_sandbox`, `remote_control`, `user_verification`, `gateway_oauth`,
//!   `account_session`; `bedrock`
//! * for tests of clients: `mock`
//! * pages of lists: `page`
//! * everything else: `account`, `auth_status` (the same, as earlier clients ask), `account_limits`, `account_usage`, `hooks`, `mcp_server`, `memory`, `model`, `skills`

mod account;
mod account_limits;
mod account_session;
mod account_usage;
mod app;
mod auth_status;
mod auto_review;
mod bedrock;
mod collaboration_mode;
mod command_exec;
mod config;
mod config_requirements;
mod environment;
mod external_agent_config;
mod feature;
mod feedback;
mod fs;
mod fuzzy_file_search;
mod gateway_oauth;
mod hooks;
mod initialize;
mod marketplace;
mod mcp_server;
mod memory;
mod mock;
mod model;
mod model_provider;
mod page;
mod permission_profile;
mod plugin;
mod plugin_share;
mod process;
mod project;
mod remote_control;
mod review;
mod rollout;
mod server_diagnostics;
mod skills;
mod streamed_skills;
pub(crate) mod streamed_turns;
mod thread;
mod thread_attachment;
mod thread_command;
mod thread_compact;
mod thread_elicitation;
mod thread_goal;
mod thread_lifecycle;
mod thread_list;
mod thread_metadata;
mod thread_plan;
mod thread_queue;
mod thread_read;
mod thread_read_state;
mod thread_realtime;
mod thread_sample;
mod thread_search;
mod thread_section;
mod thread_timeline;
mod turn;
mod user_verification;
mod windows_sandbox;

use crate::server::Router;

pub(crate) use initialize::response as initialized;

/// Every method that is answered.
pub(crate) fn router() -> Router {
    let mut router = Router::new();
    initialize::register(&mut router);
    feature::register(&mut router);
    hooks::register(&mut router);
    account::register(&mut router);
    account_limits::register(&mut router);
    auth_status::register(&mut router);
    account_usage::register(&mut router);
    mock::register(&mut router);
    model::register(&mut router);
    model_provider::register(&mut router);
    config::register(&mut router);
    config_requirements::register(&mut router);
    permission_profile::register(&mut router);
    collaboration_mode::register(&mut router);
    mcp_server::register(&mut router);
    memory::register(&mut router);
    skills::register(&mut router);
    marketplace::register(&mut router);
    plugin::register(&mut router);
    plugin_share::register(&mut router);
    app::register(&mut router);
    external_agent_config::register(&mut router);
    command_exec::register(&mut router);
    process::register(&mut router);
    thread_command::register(&mut router);
    thread_compact::register(&mut router);
    thread::register(&mut router);
    thread_attachment::register(&mut router);
    thread_elicitation::register(&mut router);
    thread_goal::register(&mut router);
    thread_lifecycle::register(&mut router);
    thread_list::register(&mut router);
    thread_queue::register(&mut router);
    thread_realtime::register(&mut router);
    thread_sample::register(&mut router);
    thread_metadata::register(&mut router);
    thread_read::register(&mut router);
    thread_read_state::register(&mut router);
    thread_search::register(&mut router);
    thread_section::register(&mut router);
    thread_timeline::register(&mut router);
    turn::register(&mut router);
    review::register(&mut router);
    rollout::register(&mut router);
    auto_review::register(&mut router);
    thread_plan::register(&mut router);
    fs::register(&mut router);
    fuzzy_file_search::register(&mut router);
    server_diagnostics::register(&mut router);
    environment::register(&mut router);
    windows_sandbox::register(&mut router);
    remote_control::register(&mut router);
    user_verification::register(&mut router);
    gateway_oauth::register(&mut router);
    account_session::register(&mut router);
    bedrock::register(&mut router);
    feedback::register(&mut router);
    project::register(&mut router);
    router
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use codex_app_server_protocol::Direction;
    use codex_app_server_protocol::methods::{METHODS, UNLISTED};

    #[tokio::test]
    async fn every_request_of_the_contract_has_a_handler_and_the_other_way_round() {
        let router = super::router();
        let handled: BTreeSet<_> = router.methods().collect();
        let requests = METHODS
            .iter()
            .chain(UNLISTED)
            .filter(|info| info.direction == Direction::ClientRequest);
        let promised: BTreeSet<_> = requests.map(|info| info.method).collect();
        assert_eq!(handled, promised);
    }
}

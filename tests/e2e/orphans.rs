//! No command outlives the program, also when it is killed.

use codex_core::mock_model::{Answer, MockModel};
use rustix::process::Signal;
use serde_json::json;

use crate::support::{App, Ear, Home, alive, wait_until_dead};

/// Prints its own process id and those of a child, of a child that left the group, and of one that left the group and
/// has lost its parent.
const FAMILY: &str = "
    tell() { echo $1 >> pids; }
    tell $$
    sleep 300 & tell $!
    setsid bash -c 'echo $$ >> pids; exec sleep 300' &
    (setsid bash -c 'echo $$ >> pids; exec sleep 300' > /dev/null 2>&1 &)
    wait";

#[tokio::test]
async fn commands_die_with_the_program_when_it_is_killed() {
    let call = json!({"cmd": FAMILY, "login": false, "yield_time_ms": 30_000});
    let model = MockModel::start(Answer::new().call("c1", "exec_command", call));
    let home = Home::new(&model);
    let mut pids = Ear::new(home.work().join("pids"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.start_turn(&thread, "Run").await;
    let pids = pids.pids(4).await;
    assert!(pids.iter().all(|pid| alive(*pid)));
    app.signal(Signal::KILL);
    app.exit().await;
    for pid in pids {
        wait_until_dead(pid).await;
    }
}

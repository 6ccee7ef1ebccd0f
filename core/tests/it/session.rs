//! Threads and turns, through the boundary of the engine.

use codex_core::mock_model::Answer;

use crate::session_probe::Probe;

#[tokio::test]
async fn a_plain_turn_tells_its_story_in_order() {
    let probe = Probe::start([Answer::new().say_in("Hello world!", 3)]).await;
    let lines = probe.run("hi").await;
    assert_eq!(
        lines,
        [
            "turn/start -> InProgress",
            "status active",
            "turn started InProgress",
            "started user hi",
            "completed user hi",
            "started message msg-1 ''",
            "delta msg-1 Hell",
        ]
    );
}

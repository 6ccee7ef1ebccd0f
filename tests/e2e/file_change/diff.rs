//! What a turn has changed, and patches while they are written.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use super::{apply_in, patch, workspace, write};
use crate::support::{App, Config, Home};

#[tokio::test]
async fn the_diff_of_a_turn_is_told_after_each_patch_and_at_its_end() {
    let done = apply_in(
        &workspace("never"),
        |home| write(home, "b", "1\n2\n3\n4\n5\n"),
        &[
            patch("*** Add File: a\n+x\n"),
            patch("*** Update File: a\n-nope\n+y\n"),
            patch("*** Update File: a\n-x\n+y\n*** Update File: b\n-3\n+three\n"),
        ],
    )
    .await;
    let diffs: Vec<&str> = done
        .turn
        .all("turn/diff/updated")
        .iter()
        .map(|params| params["diff"].as_str().unwrap())
        .collect();
    let first = "diff --git a/a b/a\nnew file mode 100644\nindex \
                 0000000000000000000000000000000000000000..587be6b4c3f93f93c489c0111bba5596147a26cb\n--- /dev/null\n+++ \
                 b/a\n@@ -0,0 +1 @@\n+x\n";
    assert_eq!(diffs.len(), 3);
    assert_eq!(diffs[0], first);
    assert!(
        diffs[1].starts_with("diff --git a/a b/a\nnew file mode 100644\n"),
        "{}",
        diffs[1]
    );
    assert!(
        diffs[1].contains("+++ b/a\n@@ -0,0 +1 @@\n+y\ndiff --git a/b b/b\nindex "),
        "{}",
        diffs[1]
    );
    assert!(
        diffs[1].ends_with("\n--- a/b\n+++ b/b\n@@ -1,5 +1,5 @@\n 1\n 2\n-3\n+three\n 4\n 5\n"),
        "{}",
        diffs[1]
    );
    assert_eq!(diffs[2], diffs[1]);
    let methods = done.turn.methods();
    let last = methods
        .iter()
        .rposition(|method| *method == "turn/diff/updated")
        .unwrap();
    assert_eq!(methods[last + 1], "thread/readState/changed");
    // As git sees it.
    let check = std::process::Command::new("git")
        .args(["apply", "--check", "--reverse", "-"])
        .current_dir(done.home.work())
        .stdin(std::process::Stdio::piped())
        .spawn()
        .and_then(|mut git| {
            use std::io::Write as _;
            git.stdin.take().unwrap().write_all(diffs[2].as_bytes())?;
            git.wait()
        });
    assert!(check.unwrap().success());
}

#[tokio::test]
async fn the_names_of_a_diff_begin_at_the_repository() {
    let model = MockModel::start([
        Answer::new().custom_call("p0", "apply_patch", &patch("*** Add File: a\n+x\n")),
        Answer::from("Done"),
    ]);
    let home = Home::with(&model, &workspace("never"));
    let git = home.work().join(".git");
    std::fs::create_dir_all(git.join("refs")).unwrap();
    std::fs::create_dir_all(git.join("objects")).unwrap();
    std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    std::fs::create_dir(home.work().join("sub")).unwrap();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"cwd": home.work().join("sub")})).await;
    let turn = app.run_turn(&thread, "Change it").await;
    let diff = turn.all("turn/diff/updated")[0]["diff"].as_str().unwrap();
    assert!(diff.starts_with("diff --git a/sub/a b/sub/a\n"), "{diff}");
}

#[tokio::test]
async fn what_was_undone_is_told_as_empty_and_not_at_the_end() {
    let done = apply_in(
        &workspace("never"),
        |home| write(home, "a", "x\n"),
        &[
            patch("*** Update File: a\n-x\n+y\n"),
            patch("*** Update File: a\n-y\n+x\n"),
        ],
    )
    .await;
    let diffs = done.turn.all("turn/diff/updated");
    assert_eq!(diffs.len(), 2);
    assert_eq!(diffs[1]["diff"], "");
}

#[tokio::test]
async fn a_patch_without_effect_is_no_diff() {
    let done = apply_in(
        &workspace("never"),
        |home| write(home, "a", "x\n"),
        &[
            patch("*** Update File: a\n-x\n+x\n"),
            patch("*** Update File: a\n x\n"),
        ],
    )
    .await;
    assert_eq!(done.turn.items_of("fileChange").len(), 2);
    assert!(done.turn.all("turn/diff/updated").is_empty());
}

#[tokio::test]
async fn each_turn_begins_without_a_diff() {
    let call = |number: usize, sections: &str| {
        Answer::new().custom_call(&format!("p{number}"), "apply_patch", &patch(sections))
    };
    let model = MockModel::start([
        call(0, "*** Add File: a\n+x\n"),
        Answer::from("Done"),
        Answer::from("Nothing to do"),
        call(1, "*** Add File: b\n+x\n"),
        Answer::from("Done"),
    ]);
    let home = Home::with(&model, &workspace("never"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    assert_eq!(
        app.run_turn(&thread, "One").await.all("turn/diff/updated").len(),
        2
    );
    assert!(
        app.run_turn(&thread, "Two")
            .await
            .all("turn/diff/updated")
            .is_empty()
    );
    let turn = app.run_turn(&thread, "Three").await;
    let diffs = turn.all("turn/diff/updated");
    assert!(
        diffs
            .iter()
            .all(|params| !params["diff"].as_str().unwrap().contains("a/a"))
    );
}

#[tokio::test]
async fn a_failed_turn_tells_its_diff_behind_the_error() {
    let model = MockModel::start([
        Answer::new().custom_call("p0", "apply_patch", &patch("*** Add File: a\n+x\n")),
        Answer::new().fail("invalid_prompt", "no"),
    ]);
    let home = Home::with(&model, &workspace("never"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Change it").await;
    assert_eq!(turn.status(), "failed");
    let methods = turn.methods();
    let error = methods.iter().position(|method| *method == "error").unwrap();
    assert_eq!(methods[error + 1], "turn/diff/updated");
    assert_eq!(turn.all("turn/diff/updated").len(), 2);
}

#[tokio::test]
async fn an_interrupted_turn_tells_no_more_of_its_diff() {
    let model = MockModel::start([
        Answer::new().custom_call("p0", "apply_patch", &patch("*** Add File: a\n+x\n")),
        Answer::new().half("Now").hang(),
    ]);
    let home = Home::with(&model, &workspace("never"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Change it").await;
    app.wait_for("item/agentMessage/delta").await;
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    assert_eq!(turn.all("turn/diff/updated").len(), 1);
}

#[tokio::test]
async fn a_patch_is_shown_while_the_model_writes_it_if_wanted() {
    let text = patch("*** Add File: a\n+x\n+y\n*** Update File: b\n-1\n+2\n");
    let answer = |wanted: &str| {
        let item = |input: &str| json!({"type": "custom_tool_call", "id": "ctc_1", "call_id": "p0", "name": "apply_patch", "input": input});
        let mut answer = Answer::new()
            .event(json!({"type": "response.output_item.added", "output_index": 0, "item": item("")}));
        for piece in wanted.split_inclusive('\n') {
            answer = answer.event(json!({
                "type": "response.custom_tool_call_input.delta", "item_id": "ctc_1", "output_index": 0, "delta": piece,
            }));
        }
        answer.event(json!({"type": "response.output_item.done", "output_index": 0, "item": item(wanted)}))
    };
    for wanted in [true, false] {
        let model = MockModel::start([answer(&text), Answer::from("Done")]);
        let config = workspace("never");
        let extra = format!(
            "{}[features]\napply_patch_streaming_events = {wanted}\n",
            config.extra
        );
        let home = Home::with(&model, &Config { extra, ..config });
        write(&home, "b", "1\n");
        let app = App::start(&home).await;
        let thread = app.start_thread(json!({})).await;
        let turn = app.run_turn(&thread, "Change it").await;
        assert_eq!(turn.items_of("fileChange")[0]["status"], "completed");
        let shown = turn.all("item/fileChange/patchUpdated");
        if !wanted {
            assert!(shown.is_empty());
            continue;
        }
        assert_eq!(shown[0]["itemId"], "p0");
        assert_eq!(
            shown[0]["changes"],
            json!([{"path": "a", "kind": {"type": "add"}, "diff": ""}])
        );
        let last = shown.last().unwrap();
        assert_eq!(
            last["changes"],
            json!([
                {"path": "a", "kind": {"type": "add"}, "diff": "x\ny\n"},
                {"path": "b", "kind": {"type": "update", "move_path": null}, "diff": "-1\n+2\n"},
            ])
        );
        let methods = turn.methods();
        let place = |name: &str| methods.iter().rposition(|method| *method == name).unwrap();
        let started = turn
            .frames
            .iter()
            .position(|frame| frame.method() == "item/started" && frame.params()["item"]["id"] == "p0");
        assert!(started.is_some() && place("item/fileChange/patchUpdated") < place("turn/diff/updated"));
    }
}

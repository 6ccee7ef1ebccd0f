//! Patches of the model (docs/contract/items-and-approvals.md#file-changes, docs/contract/tools.md#patches).

mod approval;
mod diff;
mod shell;

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home, TurnRun};

/// A model of the catalogue: it is offered patches.
const MODEL: &str = "gpt-5.5";

/// The whole of a patch with these sections.
fn patch(sections: &str) -> String {
    format!("*** Begin Patch\n{sections}*** End Patch\n")
}

/// Nothing is asked below the working folder; the rest of the disk is out of bounds.
fn workspace(approval_policy: &str) -> Config {
    Config {
        model: MODEL.to_owned(),
        approval_policy: approval_policy.to_owned(),
        sandbox_mode: "workspace-write".to_owned(),
        extra: "[sandbox_workspace_write]\nexclude_slash_tmp = true\nexclude_tmpdir_env_var = true\n"
            .to_owned(),
        ..Config::default()
    }
}

/// What one turn with these patches, one per response, has done.
struct Patched {
    home: Home,
    turn: TurnRun,
    /// What the model was told, patch by patch.
    outputs: Vec<String>,
}

/// Runs a turn in which the model makes these patches, one after the other.
async fn apply_in(config: &Config, prepare: impl FnOnce(&Home), patches: &[String]) -> Patched {
    let calls = patches.iter().enumerate();
    let answers = calls
        .map(|(number, text)| Answer::new().custom_call(&format!("p{number}"), "apply_patch", text))
        .chain([Answer::from("Done")]);
    let model = MockModel::start(answers.collect::<Vec<_>>());
    let home = Home::with(&model, config);
    prepare(&home);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Change it").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "Done"));
    let last = model.requests().pop().unwrap();
    let outputs =
        (0..patches.len()).map(|number| last.tool_output(&format!("p{number}")).unwrap().to_owned());
    let outputs = outputs.collect();
    app.stop().await;
    Patched { home, turn, outputs }
}

async fn apply(prepare: impl FnOnce(&Home), sections: &str) -> Patched {
    apply_in(&workspace("never"), prepare, &[patch(sections)]).await
}

impl Patched {
    fn output(&self) -> &str {
        &self.outputs[0]
    }

    fn item(&self) -> &Value {
        self.turn.items_of("fileChange")[0]
    }

    fn text(&self, name: &str) -> String {
        read(&self.home, name)
    }
}

fn read(home: &Home, name: &str) -> String {
    std::fs::read_to_string(home.work().join(name)).unwrap()
}

fn write(home: &Home, name: &str, text: &str) {
    std::fs::write(home.work().join(name), text).unwrap();
}

#[tokio::test]
async fn files_are_added_changed_moved_and_deleted_in_one_patch() {
    let done = apply(
        |home| {
            write(home, "changed", "one\ntwo\nthree\nfour\n");
            write(home, "old", "a\nb\n");
            write(home, "gone", "bye\n");
        },
        "*** Update File: changed\n@@\n two\n-three\n+3\n*** Delete File: gone\n*** Add File: new/deep\n+hello\n*** Update \
         File: old\n*** Move to: moved\n-a\n+A\n",
    )
    .await;
    let mut lines = done.output().lines();
    assert_eq!(lines.next(), Some("Exit code: 0"));
    assert!(lines.next().unwrap().starts_with("Wall time: "));
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "Output:",
            "Success. Updated the following files:",
            "A new/deep",
            "M changed",
            "M moved",
            "D gone"
        ]
    );
    assert_eq!(done.text("changed"), "one\ntwo\n3\nfour\n");
    assert_eq!(done.text("new/deep"), "hello\n");
    assert_eq!(done.text("moved"), "A\nb\n");
    assert!(!done.home.work().join("old").exists() && !done.home.work().join("gone").exists());

    let at = |name: &str| done.home.work().join(name).display().to_string();
    let item = done.item();
    assert_eq!(
        (&item["id"], &item["status"]),
        (&json!("p0"), &json!("completed"))
    );
    assert_eq!(
        item["changes"],
        json!([
            {"path": at("changed"), "kind": {"type": "update", "move_path": null},
             "diff": "@@ -2,3 +2,3 @@\n two\n-three\n+3\n four\n"},
            {"path": at("gone"), "kind": {"type": "delete"}, "diff": "bye\n"},
            {"path": at("new/deep"), "kind": {"type": "add"}, "diff": "hello\n"},
            {"path": at("old"), "kind": {"type": "update", "move_path": at("moved")},
             "diff": format!("@@ -1,2 +1,2 @@\n-a\n+A\n b\n\n\nMoved to: {}", at("moved"))},
        ])
    );
    let started = done.turn.all("item/started");
    let started = started
        .iter()
        .find(|params| params["item"]["id"] == "p0")
        .unwrap();
    assert_eq!(started["item"]["status"], "inProgress");
    assert_eq!(started["item"]["changes"], item["changes"]);
}

#[tokio::test]
async fn a_patch_may_come_as_a_function_and_for_models_that_are_not_offered_it() {
    let model = MockModel::start([
        Answer::new().call(
            "p0",
            "apply_patch",
            json!({"input": patch("*** Add File: a\n+x\n")}),
        ),
        Answer::from("Done"),
    ]);
    let home = Home::with(
        &model,
        &Config {
            model: "somebody-elses".to_owned(),
            ..Config::default()
        },
    );
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Change it").await;
    assert_eq!(turn.items_of("fileChange")[0]["status"], "completed");
    assert_eq!(read(&home, "a"), "x\n");
    let offered = |number: usize| {
        let tools = model.requests()[number].body["tools"].as_array().unwrap().clone();
        tools
            .into_iter()
            .filter(|tool| tool["name"] == "apply_patch")
            .collect::<Vec<_>>()
    };
    assert!(offered(0).is_empty());
}

#[tokio::test]
async fn models_of_the_catalogue_are_offered_the_language_of_patches() {
    let model = MockModel::start([Answer::from("Hi"), Answer::from("Hi")]);
    let home = Home::with(&model, &workspace("never"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    // What is offered follows the model of the turn.
    app.run_turn_with(&thread, "Hi", json!({"model": "somebody-elses"}))
        .await;
    let names = |number: usize| -> Vec<String> {
        let tools = model.requests()[number].body["tools"].as_array().unwrap().clone();
        let name = |tool: &Value| {
            tool["name"]
                .as_str()
                .or(tool["type"].as_str())
                .unwrap()
                .to_owned()
        };
        tools.iter().map(name).collect()
    };
    assert_eq!(
        names(0),
        [
            "exec_command",
            "write_stdin",
            "request_user_input",
            "apply_patch",
            "view_image",
            "get_goal",
            "create_goal",
            "update_goal",
            "tool_search",
            "web_search"
        ]
    );
    assert_eq!(
        names(1),
        [
            "exec_command",
            "write_stdin",
            "request_user_input",
            "view_image",
            "multi_agent_v1",
            "get_goal",
            "create_goal",
            "update_goal",
            "web_search"
        ]
    );
    let requests = model.requests();
    let tool = &requests[0].body["tools"][3];
    assert_eq!(
        (&tool["type"], &tool["format"]["syntax"]),
        (&json!("custom"), &json!("lark"))
    );
    assert!(
        tool["format"]["definition"]
            .as_str()
            .unwrap()
            .contains("*** Begin Patch")
    );
}

#[tokio::test]
async fn what_does_not_fit_is_told_to_the_model_and_changes_nothing() {
    for (sections, expected) in [
        (
            "*** Update File: a\n-nope\n+x\n",
            "Failed to find expected lines in",
        ),
        (
            "*** Update File: a\n@@ nope\n-x\n",
            "Failed to find context 'nope' in",
        ),
        ("*** Update File: n\n-x\n", "Failed to read file to update"),
        ("*** Delete File: n\n", "No such file or directory (os error 2)"),
        ("*** Delete File: .\n", "is not a file"),
        (
            "*** Frobnicate File: a\n",
            "invalid hunk at line 2, '*** Frobnicate File: a' is not a valid hunk header",
        ),
        (
            "*** Add File: x\n+1\n*** Delete File: ./x\n",
            "invalid patch: multiple operations target",
        ),
        (
            "*** Add File: n\n+1\n*** Update File: a\n-nope\n+x\n",
            "Failed to find expected lines in",
        ),
    ] {
        let done = apply(|home| write(home, "a", "x\n"), sections).await;
        assert!(
            done.output().starts_with("apply_patch verification failed: "),
            "{}",
            done.output()
        );
        assert!(done.output().contains(expected), "{}", done.output());
        assert!(done.turn.items_of("fileChange").is_empty());
        assert_eq!(done.text("a"), "x\n");
        assert_eq!(std::fs::read_dir(done.home.work()).unwrap().count(), 1);
        assert!(done.turn.all("turn/diff/updated").is_empty());
    }
    let done = apply(|_| (), "").await;
    assert_eq!(done.output(), "patch rejected: empty patch");
    let done = apply_in(&workspace("never"), |_| (), &["no patch".to_owned()]).await;
    assert_eq!(
        done.output(),
        "apply_patch verification failed: invalid patch: The first line of the patch must be '*** Begin Patch'"
    );
}

#[tokio::test]
async fn line_ends_byte_order_mark_missing_newline_and_mode_stay_as_they_are() {
    let done = apply(
        |home| {
            write(home, "crlf", "one\r\ntwo\r\nthree\r\n");
            write(home, "mark", "\u{feff}one\r\ntwo");
            write(home, "run", "a\n");
            let mode = std::fs::Permissions::from_mode(0o751);
            std::fs::set_permissions(home.work().join("run"), mode).unwrap();
        },
        "*** Update File: crlf\n one\n-two\n+2\n+2.5\n three\n*** Update File: mark\n-one\n+1\n+1.5\n two\n*** Update File: \
         run\n-a\n+b\n",
    )
    .await;
    assert_eq!(done.text("crlf"), "one\r\n2\r\n2.5\r\nthree\r\n");
    assert_eq!(done.text("mark"), "\u{feff}1\r\n1.5\r\ntwo");
    assert_eq!(done.text("run"), "b\n");
    let mode = std::fs::metadata(done.home.work().join("run")).unwrap().mode();
    assert_eq!(mode & 0o7777, 0o751);
    let diff = done.turn.all("turn/diff/updated")[0]["diff"].as_str().unwrap();
    assert!(diff.contains("\\ No newline at end of file"), "{diff}");
}

#[tokio::test]
async fn what_is_no_text_file_is_refused_by_name_and_nobody_waits() {
    let done = apply(
        |home| {
            write(home, "a", "x\n");
            std::fs::write(home.work().join("binary"), [0xff, 0xfe]).unwrap();
        },
        "*** Update File: a\n-x\n+y\n*** Update File: binary\n-a\n+b\n",
    )
    .await;
    assert!(
        done.output().contains("/binary: ") && done.output().contains("UTF-8"),
        "{}",
        done.output()
    );
    assert_eq!(done.text("a"), "x\n");
    let done = apply(
        |home| {
            let pipe = std::process::Command::new("mkfifo")
                .arg(home.work().join("pipe"))
                .status();
            assert!(pipe.unwrap().success());
        },
        "*** Update File: pipe\n-a\n+b\n",
    )
    .await;
    assert!(done.output().contains("is not a file"), "{}", done.output());
}

#[tokio::test]
async fn adding_a_file_where_a_folder_is_fails_as_an_item() {
    let done = apply(
        |home| {
            std::fs::create_dir(home.work().join("d")).unwrap();
            write(home, "d/x", "1");
        },
        "*** Add File: d\n+x\n",
    )
    .await;
    assert!(done.output().starts_with("Exit code: 1\n"), "{}", done.output());
    assert!(done.output().contains("is not a file"), "{}", done.output());
    assert_eq!(done.item()["status"], "failed");
    assert_eq!(done.text("d/x"), "1");
    assert!(done.turn.all("turn/diff/updated").is_empty());
}

#[tokio::test]
async fn a_write_that_fails_half_way_is_rolled_back_and_told() {
    let done = apply(
        |home| write(home, "a", "x\n"),
        // The second file would be below the first.
        "*** Update File: a\n-x\n+y\n*** Add File: sub\n+1\n*** Add File: sub/b\n+1\n",
    )
    .await;
    assert!(done.output().starts_with("Exit code: 1\n"), "{}", done.output());
    assert!(
        done.output().contains("sub/b") && done.output().contains("Nothing was changed"),
        "{}",
        done.output()
    );
    assert_eq!(done.item()["status"], "failed");
    assert_eq!(done.text("a"), "x\n");
    assert_eq!(std::fs::read_dir(done.home.work()).unwrap().count(), 1);
    assert!(done.turn.all("turn/diff/updated").is_empty());
}

#[tokio::test]
async fn nothing_outside_of_the_workspace_is_written_without_being_allowed() {
    let prepare = |home: &Home| {
        std::fs::create_dir(home.path().join("outside")).unwrap();
        std::fs::write(home.path().join("outside/a"), "x\n").unwrap();
        symlink("../outside", home.work().join("link")).unwrap();
        symlink("../outside/a", home.work().join("file")).unwrap();
        std::fs::create_dir(home.work().join(".git")).unwrap();
        write(home, ".git/config", "x\n");
    };
    for sections in [
        "*** Update File: link/a\n-x\n+y\n",
        "*** Update File: file\n-x\n+y\n",
        "*** Add File: link/n\n+y\n",
        "*** Add File: ../outside/n\n+y\n",
        "*** Delete File: link/a\n",
        "*** Update File: .git/config\n-x\n+y\n",
        "*** Add File: .git/hooks/pre-commit\n+y\n",
        "*** Add File: .codex/config.toml\n+y\n",
        "*** Add File: sub/../.agents/x\n+y\n",
        "*** Add File: .aws/credentials\n+y\n",
    ] {
        let done = apply(prepare, sections).await;
        assert_eq!(
            done.output(),
            "patch rejected: writing outside of the project; rejected by user approval settings",
            "{sections}"
        );
        assert_eq!(done.item()["status"], "declined");
        let outside = std::fs::read_to_string(done.home.path().join("outside/a"));
        assert_eq!(outside.unwrap(), "x\n", "{sections}");
        assert_eq!(done.text(".git/config"), "x\n");
        for name in [".codex", ".agents", ".aws", ".git/hooks", "a", "m"] {
            assert!(!done.home.work().join(name).exists(), "{sections}");
        }
        assert_eq!(
            std::fs::read_dir(done.home.path().join("outside"))
                .unwrap()
                .count(),
            1
        );
    }
    // A link is moved and removed without what it leads to.
    let done = apply(prepare, "*** Update File: file\n*** Move to: m\n-x\n+y\n").await;
    assert_eq!(done.text("m"), "y\n");
    let outside = std::fs::read_to_string(done.home.path().join("outside/a"));
    assert_eq!(outside.unwrap(), "x\n");
    let done = apply(prepare, "*** Delete File: file\n").await;
    assert_eq!(done.item()["status"], "completed");
    assert!(!done.home.work().join("file").is_symlink() && done.home.path().join("outside/a").exists());
}

#[tokio::test]
async fn links_within_the_workspace_are_followed_and_stay() {
    let done = apply(
        |home| {
            std::fs::create_dir(home.work().join("real")).unwrap();
            write(home, "real/a", "x\n");
            symlink("real", home.work().join("folder")).unwrap();
            symlink(home.work().join("real/a"), home.work().join("file")).unwrap();
        },
        "*** Update File: file\n-x\n+y\n*** Add File: folder/n\n+n\n",
    )
    .await;
    assert_eq!(done.item()["status"], "completed");
    assert_eq!(
        (done.text("real/a"), done.text("real/n")),
        ("y\n".into(), "n\n".into())
    );
    assert!(done.home.work().join("file").is_symlink());
}

#[tokio::test]
async fn the_policies_decide_whether_a_patch_is_applied() {
    let add = [patch("*** Add File: a\n+x\n")];
    for (approval, sandbox, applied) in [
        ("never", "danger-full-access", true),
        ("on-request", "danger-full-access", true),
        ("never", "workspace-write", true),
        ("on-request", "workspace-write", true),
        ("never", "read-only", false),
    ] {
        let config = Config {
            approval_policy: approval.to_owned(),
            sandbox_mode: sandbox.to_owned(),
            ..workspace("never")
        };
        let done = apply_in(&config, |_| (), &add).await;
        assert!(done.turn.frames.iter().all(|frame| !frame.is_request()));
        assert_eq!(
            done.home.work().join("a").exists(),
            applied,
            "{approval} {sandbox}"
        );
        if !applied {
            assert_eq!(
                done.output(),
                "patch rejected: writing is blocked by read-only sandbox; rejected by user approval settings"
            );
        }
    }
}

#[tokio::test]
async fn patches_of_one_response_are_applied_one_after_the_other() {
    let model = MockModel::start([
        Answer::new()
            .custom_call("p0", "apply_patch", &patch("*** Add File: a\n+1\n"))
            .custom_call("p1", "apply_patch", &patch("*** Update File: a\n-1\n+2\n"))
            .custom_call("p2", "apply_patch", &patch("*** Update File: a\n-2\n+3\n")),
        Answer::from("Done"),
    ]);
    let home = Home::with(&model, &workspace("never"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Change it").await;
    assert_eq!(turn.items_of("fileChange").len(), 3);
    assert_eq!(read(&home, "a"), "3\n");
}

#[tokio::test]
async fn a_patch_is_in_the_history_of_its_thread() {
    let model = MockModel::start([
        Answer::new().custom_call("p0", "apply_patch", &patch("*** Add File: a\n+x\n")),
        Answer::from("Done"),
    ]);
    let home = Home::with(&model, &workspace("never"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Change it").await;
    app.stop().await;
    let app = App::start(&home).await;
    let read = app
        .call("thread/read", json!({"threadId": thread, "includeTurns": true}))
        .await;
    let items = read["thread"]["turns"][0]["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["type"] == "fileChange").unwrap();
    assert_eq!(item["changes"], turn.items_of("fileChange")[0]["changes"]);
    assert_eq!(item["status"], "completed");
}

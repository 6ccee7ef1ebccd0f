//! Patterns and single folders in permission profiles (docs/contract/safety.md#permission-profiles).

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::support::{App, Config, Home};

/// A home whose threads follow a profile with these file rules.
fn home(model: &MockModel, base: &str, rules: &str) -> Home {
    let home = Home::empty();
    let config = Config {
        top: "default_permissions = \"mine\"".into(),
        extra: format!("[permissions.mine]\nextends = \"{base}\"\n[permissions.mine.filesystem]\n{rules}\n"),
        ..Config::default()
    };
    home.configure(model, &config);
    home
}

fn write(home: &Home, path: &str, text: &str) {
    let path = home.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn exec(script: &str) -> Value {
    json!({"cmd": script, "login": false})
}

/// What a model is told that has these calls made, one after the other, and the whole first request.
async fn told(home: &Home, model: &MockModel, calls: usize) -> (Vec<String>, String) {
    let app = App::start(home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Work").await;
    app.stop().await;
    let requests = model.requests();
    let told = (0..calls).map(|index| {
        let output = requests[index + 1].tool_output(&format!("c{index}"));
        output.unwrap().to_owned()
    });
    (told.collect(), requests[0].body["input"].to_string())
}

fn answers(calls: Vec<Answer>) -> MockModel {
    MockModel::start(
        calls
            .into_iter()
            .chain([Answer::from("Done")])
            .collect::<Vec<_>>(),
    )
}

#[tokio::test]
async fn what_looks_like_a_pattern_can_be_read_by_nothing() {
    let patch = "*** Begin Patch\n*** Update File: sub/deep/a.env\n@@\n-hunter2\n+x\n*** End Patch\n";
    let model = answers(vec![
        Answer::new().call(
            "c0",
            "exec_command",
            exec(
                "cat .env sub/deep/a.env folder.env/inner link elsewhere.env ../data/found.key; \
                 cat sub/a.envy ../data/sub/b.key; ln .env made; cat made; echo x > .env; mv sub moved",
            ),
        ),
        Answer::new().call("c1", "exec_command", exec("echo hunter2 > late.env && echo made")),
        Answer::new().call("c2", "exec_command", exec("cat late.env")),
        Answer::new().call("c3", "view_image", json!({"path": "sub/deep/a.env"})),
        Answer::new().custom_call("c4", "apply_patch", patch),
    ]);
    let rules = "\"~/data/*.key\" = \"deny\"\n\":workspace_roots\" = { \"**/*.env\" = \"none\" }";
    let home = home(&model, ":workspace", rules);
    for path in [
        "work/.env",
        "work/sub/deep/a.env",
        "work/folder.env/inner",
        "data/found.key",
        "elsewhere",
    ] {
        write(&home, path, "hunter2\n");
    }
    write(&home, "work/sub/a.envy", "plain\n");
    write(&home, "data/sub/b.key", "deeper\n");
    symlink(".env", home.work().join("link")).unwrap();
    symlink("../elsewhere", home.work().join("elsewhere.env")).unwrap();
    let (told, context) = told(&home, &model, 5).await;
    assert!(!told[0].contains("hunter2"), "{}", told[0]);
    assert!(
        told[0].contains("plain") && told[0].contains("deeper"),
        "{}",
        told[0]
    );
    assert!(home.work().join("sub/deep/a.env").exists());
    assert!(told[1].contains("made"), "{}", told[1]);
    assert!(!told[2].contains("hunter2"), "{}", told[2]);
    assert!(told[3].contains("permission denied"), "{}", told[3]);
    assert!(told[4].contains("denies access"), "{}", told[4]);
    for path in ["work/.env", "work/sub/deep/a.env"] {
        let text = std::fs::read_to_string(home.path().join(path)).unwrap();
        assert_eq!(text, "hunter2\n", "{path}");
    }
    let entry = format!(
        "<entry access=\\\"deny\\\" escalatable=\\\"false\\\"><glob>{}/**/*.env</glob></entry>",
        home.work().display()
    );
    assert!(context.contains(&entry), "{context}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_image_is_not_seen_by_a_name_that_leads_elsewhere_in_between() {
    const PLAIN: &str = "data:image/gif;base64,R0lGODlhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs=";
    let image = |right: u8| {
        let mut image =
            b"GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b"
                .to_vec();
        image[6] = right;
        image
    };
    let looks = (0..240).fold(Answer::new(), |answer, index| {
        answer.call(&format!("c{index}"), "view_image", json!({"path": "seen.gif"}))
    });
    let model = answers(vec![looks]);
    let home = home(
        &model,
        ":workspace",
        "\":workspace_roots\" = { \"*.hidden\" = \"none\" }",
    );
    std::fs::write(home.work().join("plain"), image(1)).unwrap();
    std::fs::write(home.work().join("a.hidden"), image(2)).unwrap();
    let turn_over = |name: &str| {
        let (next, seen) = (home.work().join("next"), home.work().join("seen.gif"));
        symlink(name, &next).unwrap();
        std::fs::rename(next, seen).unwrap();
    };
    turn_over("plain");
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                turn_over("a.hidden");
                turn_over("plain");
            }
        });
        tokio::task::block_in_place(|| {
            Handle::current().block_on(app.run_turn(&thread, "Look"));
        });
        is_over.store(true, Ordering::Relaxed);
    });
    app.stop().await;
    let requests = model.requests();
    let outputs = requests[1].input_of("function_call_output");
    assert_eq!(outputs.len(), 240);
    for output in outputs {
        let output = &output["output"];
        assert!(
            output[0]["image_url"] == PLAIN || output.to_string().contains("permission denied"),
            "{output}"
        );
    }
}

#[tokio::test]
async fn what_links_lead_to_stays_hidden_when_commands_want_them_elsewhere() {
    let model = answers(vec![
        Answer::new().call(
            "c0",
            "exec_command",
            exec("rm -f a.env; mv a.env b; ln -sfn /tmp conf; mv conf c; ln -sfn sub kept; echo done"),
        ),
        Answer::new().call(
            "c1",
            "exec_command",
            exec("cat ../elsewhere configs/key configs/a.pem; echo x > writable/made; cat plain"),
        ),
    ]);
    let rules = "\":workspace_roots\" = { \"*.env\" = \"none\", \"conf/key\" = \"none\", \"conf/*.pem\" = \"none\", \"kept/docs\" = \"read\" }";
    let home = home(&model, ":workspace", rules);
    for path in ["elsewhere", "work/configs/key", "work/configs/a.pem"] {
        write(&home, path, "hunter2\n");
    }
    write(&home, "work/plain", "fine\n");
    for folder in ["work/sub", "work/writable/docs"] {
        std::fs::create_dir_all(home.path().join(folder)).unwrap();
    }
    for (to, link) in [
        ("../elsewhere", "a.env"),
        ("configs", "conf"),
        ("writable", "kept"),
    ] {
        symlink(to, home.work().join(link)).unwrap();
    }
    let (told, _) = told(&home, &model, 2).await;
    assert!(told[0].contains("done"), "{}", told[0]);
    assert!(
        told[1].contains("fine") && !told[1].contains("hunter2"),
        "{}",
        told[1]
    );
    for (link, to) in [
        ("a.env", "../elsewhere"),
        ("conf", "configs"),
        ("kept", "writable"),
    ] {
        assert_eq!(std::fs::read_link(home.work().join(link)).unwrap(), Path::new(to));
    }
    assert!(home.work().join("writable/made").exists());
}

#[tokio::test]
async fn links_of_hidden_names_to_parts_of_the_system_hide_nothing() {
    let script = "ln -s /bin/sh b.env; cat a.env; echo fine > /dev/null; echo fine";
    let model = answers(vec![
        Answer::new().call("c0", "exec_command", exec(script)),
        Answer::new().call("c1", "exec_command", exec("rm b.env && echo gone")),
    ]);
    let home = home(
        &model,
        ":workspace",
        "\":workspace_roots\" = { \"*.env\" = \"none\" }",
    );
    symlink("/dev/null", home.work().join("a.env")).unwrap();
    let (told, _) = told(&home, &model, 2).await;
    assert!(told[0].contains("fine"), "{}", told[0]);
    assert!(told[1].contains("gone"), "{}", told[1]);
}

#[tokio::test]
async fn a_question_mark_is_one_character_and_two_stars_in_a_name_look_no_deeper() {
    let script = "cat é.env ö.key; cat ab.env éa.env sub/ö.key sub/x.pem";
    let model = answers(vec![Answer::new().call("c0", "exec_command", exec(script))]);
    let rules =
        "\":workspace_roots\" = { \"?.env\" = \"none\", \"ö*.key\" = \"none\", \"**.pem\" = \"none\" }";
    let home = home(&model, ":workspace", rules);
    for hidden in ["é.env", "ö.key"] {
        write(&home, &format!("work/{hidden}"), "hidden\n");
    }
    for shown in ["ab.env", "éa.env", "sub/ö.key", "sub/x.pem"] {
        write(&home, &format!("work/{shown}"), "shown\n");
    }
    let (told, _) = told(&home, &model, 1).await;
    assert!(!told[0].contains("hidden\n"), "{}", told[0]);
    assert_eq!(told[0].matches("shown\n").count(), 4, "{}", told[0]);
}

#[tokio::test]
async fn a_patch_is_told_why_what_is_denied_is_unknown() {
    let patch = "*** Begin Patch\n*** Add File: x\n+x\n*** End Patch\n";
    let model = answers(vec![Answer::new().custom_call("c0", "apply_patch", patch)]);
    let home = home(
        &model,
        ":workspace",
        "\":workspace_roots\" = { \"*.env\" = \"none\" }",
    );
    for index in 0..2_001 {
        write(&home, &format!("work/{index}.env"), "");
    }
    let (told, _) = told(&home, &model, 1).await;
    assert!(told[0].contains("too many folders and files"), "{}", told[0]);
    assert!(!home.work().join("x").exists());
}

#[tokio::test]
async fn a_depth_limits_patterns_without_an_end_only() {
    let script = "cat a.env sub/b.env sub/deep/c.env; cat sub/deep/er/d.key";
    let model = answers(vec![Answer::new().call("c0", "exec_command", exec(script))]);
    let rules = "glob_scan_max_depth = 2\n\":workspace_roots\" = { \"**/*.env\" = \"deny\", \"*/*/*/*.key\" = \"deny\" }";
    let home = home(&model, ":workspace", rules);
    write(&home, "work/a.env", "hidden1\n");
    write(&home, "work/sub/b.env", "hidden2\n");
    write(&home, "work/sub/deep/c.env", "shown\n");
    write(&home, "work/sub/deep/er/d.key", "hidden3\n");
    let (told, context) = told(&home, &model, 1).await;
    assert!(
        told[0].contains("shown") && !told[0].contains("hidden"),
        "{}",
        told[0]
    );
    assert!(
        context.contains("type=\\\"restricted\\\" glob_scan_max_depth=\\\"2\\\">"),
        "{context}"
    );
}

#[tokio::test]
async fn patterns_that_would_not_hide_are_refused() {
    for (rule, says) in [
        ("\"/data/*.txt\" = \"read\"", "patterns can only be `none`"),
        (
            "\":workspace_roots\" = { \"*.txt\" = \"write\" }",
            "patterns can only be `none`",
        ),
        ("\"/data/[x\" = \"none\"", "is no pattern"),
        ("\"/data/[é].env\" = \"none\"", "not ASCII"),
        ("glob_scan_max_depth = 0", "at least 1"),
    ] {
        let model = MockModel::start("ok");
        let home = home(&model, ":workspace", rule);
        let app = App::start(&home).await;
        let error = app.call_err("thread/start", json!({})).await;
        assert!(error.message.contains(says), "{rule}: {}", error.message);
        app.stop().await;
    }
}

#[tokio::test]
async fn single_folders_of_the_workspace_can_be_written_but_not_by_links_out_of_it() {
    let script = "echo x > sub/made && echo fine; echo x > made; echo x > out/made";
    let patch = "*** Begin Patch\n*** Add File: sub/patched\n+x\n*** End Patch\n";
    let model = answers(vec![
        Answer::new().call("c0", "exec_command", exec(script)),
        Answer::new().custom_call("c1", "apply_patch", patch),
    ]);
    let rules = "\":workspace_roots\" = { sub = \"write\", \"out/**\" = \"write\" }";
    let home = home(&model, ":read-only", rules);
    for folder in ["work/sub", "outside"] {
        std::fs::create_dir_all(home.path().join(folder)).unwrap();
    }
    symlink("../outside", home.work().join("out")).unwrap();
    let app = App::start(&home).await;
    let started = app.call("thread/start", json!({})).await;
    let expected = json!({
        "type": "workspaceWrite",
        "writableRoots": [home.work().join("out"), home.work().join("sub")],
        "networkAccess": false,
        "excludeTmpdirEnvVar": true,
        "excludeSlashTmp": true,
    });
    assert_eq!(started["sandbox"], expected);
    app.stop().await;
    let (told, _) = told(&home, &model, 2).await;
    assert!(told[0].contains("fine"), "{}", told[0]);
    assert!(told[1].contains("Success"), "{}", told[1]);
    for (path, is_there) in [
        ("work/sub/made", true),
        ("work/sub/patched", true),
        ("work/made", false),
        ("outside/made", false),
    ] {
        assert_eq!(home.path().join(path).exists(), is_there, "{path}");
    }
}

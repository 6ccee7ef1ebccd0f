//! Skills (docs/contract/services.md#skills).

mod selected;

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use codex_core::mock_model::{MockModel, Request};
use serde_json::{Value, json};

use crate::support::{App, Config, Home};

fn write(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Makes a skill; gives its file.
fn skill(folder: impl AsRef<Path>, name: &str, description: &str) -> PathBuf {
    let file = folder.as_ref().join("SKILL.md");
    write(
        &file,
        &format!("---\nname: {name}\ndescription: {description}\n---\nDo {name}.\n"),
    );
    file
}

fn names(entry: &Value) -> Vec<&str> {
    let skills = entry["skills"].as_array().unwrap().iter();
    skills.map(|skill| skill["name"].as_str().unwrap()).collect()
}

async fn list(app: &App, cwd: &Path) -> Value {
    let mut answer = app.call("skills/list", json!({"cwds": [cwd]})).await;
    answer["data"][0].take()
}

/// Texts of a request's messages with this role that begin so.
fn told(request: &Request, role: &str, start: &str) -> Vec<String> {
    let messages = request.input().iter().filter(|item| item["role"] == role);
    let parts = messages.flat_map(|item| item["content"].as_array().unwrap());
    parts
        .filter_map(|part| part["text"].as_str())
        .filter(|text| text.starts_with(start))
        .map(str::to_owned)
        .collect()
}

fn sections(request: &Request) -> Vec<String> {
    told(request, "developer", "<skills_instructions>")
}

fn expanded(request: &Request) -> Vec<String> {
    told(request, "user", "<skill>")
}

#[tokio::test]
async fn skills_are_found_in_all_roots_and_listed_by_scope_and_name() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let work = home.work();
    write(work.join(".git/HEAD"), "ref: refs/heads/main\n");
    let deep = work.join("sub/deep");
    std::fs::create_dir_all(&deep).unwrap();
    skill(work.join(".codex/skills/b"), "b-repo", "d");
    skill(work.join(".agents/skills/a"), "a-repo", "d");
    skill(deep.join(".agents/skills/deep"), "deep-repo", "d");
    skill(home.codex().join("skills/one/two/three"), "user", "d");
    skill(home.path().join(".agents/skills/agents"), "agents-user", "d");
    skill(home.codex().join("skills/.system/sys"), "sys", "d");
    skill(home.codex().join("skills/.hidden/x"), "hidden", "d");
    let extra = home.path().join("extra");
    skill(extra.join("e"), "extra", "d");
    let app = App::start(&home).await;
    let answer = app
        .call(
            "skills/list",
            json!({"cwds": [deep, work, "sub", home.path().join("none")]}),
        )
        .await;
    let of = |n: usize| names(&answer["data"][n]);
    assert_eq!(
        of(0),
        ["a-repo", "b-repo", "deep-repo", "agents-user", "user", "sys"]
    );
    assert_eq!(of(1), ["a-repo", "b-repo", "agents-user", "user", "sys"]);
    assert_eq!(of(2), of(1));
    assert_eq!(answer["data"][2]["cwd"], "sub", "as it was asked for");
    assert_eq!(of(3), ["agents-user", "user", "sys"]);
    let scopes: Vec<_> = answer["data"][0]["skills"]
        .as_array()
        .unwrap()
        .iter()
        .map(|skill| skill["scope"].as_str().unwrap())
        .collect();
    assert_eq!(scopes, ["repo", "repo", "repo", "user", "user", "system"]);

    let mark = app.mark();
    let set = app
        .call("skills/extraRoots/set", json!({"extraRoots": [extra]}))
        .await;
    assert_eq!(set, json!({}));
    app.wait_for("skills/changed").await;
    let here = app.call("skills/list", Value::Null).await;
    assert_eq!(here["data"][0]["cwd"], work.to_str().unwrap());
    assert_eq!(
        names(&here["data"][0]),
        ["a-repo", "b-repo", "agents-user", "extra", "user", "sys"]
    );
    app.call("skills/extraRoots/set", json!({"extraRoots": []})).await;
    app.wait_for("skills/changed").await;
    assert!(!names(&list(&app, &work).await).contains(&"extra"));
    let changes = app.notified_since(mark);
    assert_eq!(
        changes
            .iter()
            .filter(|method| *method == "skills/changed")
            .count(),
        2
    );
    let many: Vec<_> = (0..65).map(|n| extra.join(n.to_string())).collect();
    let error = app
        .call_err("skills/extraRoots/set", json!({"extraRoots": many}))
        .await;
    assert_eq!(error.code, -32602);
    app.stop().await;
}

#[tokio::test]
async fn an_entry_says_all_that_files_say_and_what_is_no_skill_is_an_error() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let skills = home.codex().join("skills");
    let nice = skills.join("nice");
    write(
        nice.join("SKILL.md"),
        "---\nname: nice\ndescription: >\n  Folded\n  text\nmetadata:\n  short-description: \"Short: one\"\n---\nBody\n",
    );
    write(
        nice.join("agents/openai.yaml"),
        "interface:\n  display_name: Nice\n  icon_small: ./assets/a.svg\n  icon_large: ../x.svg\n  brand_color: \"#aabbcc\"\n\
         dependencies:\n  tools:\n    - {type: mcp, value: srv, url: http://x}\n",
    );
    write(
        skills.join("odd/SKILL.md"),
        "---\nname: [unclosed\ndescription: foo: bar\n---\n",
    );
    write(skills.join("plain/SKILL.md"), "nothing\n");
    write(skills.join("nameless/SKILL.md"), "---\nname: x\n---\n");
    write(
        skills.join("list/SKILL.md"),
        "---\nname: x\n\ndescription: [a]\n---\n",
    );
    let app = App::start(&home).await;
    let entry = list(&app, &home.work()).await;
    assert_eq!(names(&entry), ["[unclosed", "nice"]);
    let path = nice.canonicalize().unwrap().join("SKILL.md");
    assert_eq!(
        entry["skills"][1],
        json!({
            "name": "nice", "description": "Folded text", "shortDescription": "Short: one",
            "interface": {
                "displayName": "Nice", "shortDescription": null, "iconSmall": path.with_file_name("assets/a.svg"),
                "iconLarge": null, "iconSmallUrl": null, "iconLargeUrl": null, "brandColor": "#aabbcc", "defaultPrompt": null,
            },
            "dependencies": {"tools": [{"type": "mcp", "value": "srv", "url": "http://x"}]},
            "path": path, "scope": "user", "enabled": true, "pluginId": null,
        })
    );
    let errors: Vec<_> = entry["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["message"].as_str().unwrap())
        .collect();
    assert_eq!(
        errors,
        [
            "invalid YAML: description: invalid type: sequence, expected a string at line 4 column 14",
            "missing field `description`",
            "missing YAML frontmatter delimited by ---",
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn hostile_folders_cost_only_themselves_and_links_are_followed_where_they_may_lead() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let work = home.work();
    write(work.join(".git/HEAD"), "ref: refs/heads/main\n");
    let repo = work.join(".agents/skills");
    skill(repo.join("good"), "good", "d");
    skill(work.join("elsewhere/linked"), "linked", "d");
    symlink(work.join("elsewhere/linked"), repo.join("linked")).unwrap();
    symlink(repo.join("good"), repo.join("again")).unwrap();
    symlink(".", repo.join("loop")).unwrap();
    symlink("/proc/self", repo.join("kernel")).unwrap();
    let outside = skill(home.path().join("outside/secret"), "secret", "d");
    symlink(outside.parent().unwrap(), repo.join("out")).unwrap();
    std::fs::create_dir_all(repo.join("stolen")).unwrap();
    symlink(&outside, repo.join("stolen/SKILL.md")).unwrap();
    std::fs::create_dir_all(repo.join("pipe")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(repo.join("pipe/SKILL.md"))
        .status();
    assert!(made.unwrap().success());
    std::fs::create_dir_all(repo.join("endless")).unwrap();
    let endless = std::fs::File::create(repo.join("endless/SKILL.md")).unwrap();
    endless.set_len(1 << 40).unwrap();
    std::fs::create_dir_all(repo.join("device")).unwrap();
    symlink("/dev/zero", repo.join("device/SKILL.md")).unwrap();
    // Seven folders deep is too deep.
    skill(repo.join("1/2/3/4/5/6"), "six", "d");
    skill(repo.join("1/2/3/4/5/6/7"), "seven", "d");
    // What is the user's own may lie anywhere.
    std::fs::create_dir_all(home.codex().join("skills")).unwrap();
    symlink(outside.parent().unwrap(), home.codex().join("skills/mine")).unwrap();
    symlink("/dev/null", home.path().join(".agents")).unwrap();
    let app = App::start(&home).await;
    let entry = list(&app, &work).await;
    assert_eq!(names(&entry), ["good", "linked", "six", "secret"]);
    assert_eq!(entry["skills"][3]["scope"], "user");
    let errors = entry["errors"].to_string();
    for what in ["kernel", "out\"", "stolen", "pipe", "endless", "device"] {
        assert!(errors.contains(what), "{what} in {errors}");
    }
    app.stop().await;
}

#[tokio::test]
async fn the_list_follows_the_files_and_clients_are_told_once_a_thread_is_loaded() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let file = skill(home.codex().join("skills/a"), "a", "first");
    let app = App::start(&home).await;
    let work = home.work();
    let described = |entry: Value| entry["skills"][0]["description"].clone();
    assert_eq!(described(list(&app, &work).await), "first");
    for text in ["second", "third"] {
        skill(file.parent().unwrap(), "a", text);
        assert_eq!(described(list(&app, &work).await), text);
    }
    // Replaced as editors do it, added, removed, renamed.
    skill(home.path().join("draft"), "a", "fourth");
    std::fs::rename(home.path().join("draft/SKILL.md"), &file).unwrap();
    assert_eq!(described(list(&app, &work).await), "fourth");
    skill(home.codex().join("skills/b/c"), "b", "d");
    assert_eq!(names(&list(&app, &work).await), ["a", "b"]);
    std::fs::rename(home.codex().join("skills/b"), home.path().join("b")).unwrap();
    assert_eq!(names(&list(&app, &work).await), ["a"]);
    write(
        home.codex().join("skills/a/agents/openai.yaml"),
        "interface: {display_name: A}\n",
    );
    let entry = list(&app, &work).await;
    assert_eq!(entry["skills"][0]["interface"]["displayName"], "A");
    assert!(
        !app.notified_since(0)
            .iter()
            .any(|method| method == "skills/changed")
    );

    let _thread = app.start_thread(json!({})).await;
    // In a root that was not there before.
    skill(work.join(".agents/skills/new"), "new", "d");
    app.wait_for("skills/changed").await;
    assert_eq!(names(&list(&app, &work).await), ["new", "a"]);
    let answer = app
        .call("skills/list", json!({"cwds": [work], "forceReload": true}))
        .await;
    assert_eq!(names(&answer["data"][0]), ["new", "a"]);
    app.stop().await;
}

#[tokio::test]
async fn what_a_thread_finds_changed_since_a_client_asked_is_told() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    skill(home.codex().join("skills/a"), "a", "d");
    let app = App::start(&home).await;
    let work = home.work();
    assert_eq!(names(&list(&app, &work).await), ["a"]);
    // Nothing is watched for clients before there is a thread, and this root was not there.
    skill(work.join(".agents/skills/new"), "new", "d");
    let _thread = app.start_thread(json!({})).await;
    app.wait_for("skills/changed").await;
    assert_eq!(names(&list(&app, &work).await), ["new", "a"]);
    app.stop().await;
}

#[tokio::test]
async fn what_changes_right_behind_a_list_of_many_is_told_and_in_the_next_list() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let root = home.codex().join("skills");
    for n in 0..300 {
        skill(root.join(format!("{n:03}")), &format!("{n:03}"), "d");
    }
    let app = App::start(&home).await;
    let work = home.work();
    for n in 0..5 {
        let reload = json!({"cwds": [work], "forceReload": true});
        let all = app.call("skills/list", reload.clone()).await;
        assert_eq!(names(&all["data"][0]).len(), 300 + n);
        let new = format!("new-{n}");
        skill(root.join(&new), &new, "d");
        // All was looked at just now, so this list may be the one before. Then that is told.
        if !names(&list(&app, &work).await).contains(&new.as_str()) {
            app.wait_for("skills/changed").await;
            assert!(names(&list(&app, &work).await).contains(&new.as_str()));
        }
        let described = format!("changed {n}");
        skill(root.join(&new), &new, &described);
        let at_once = app.call("skills/list", reload).await;
        assert!(at_once.to_string().contains(&described));
    }
    app.stop().await;
}

#[tokio::test]
async fn a_switch_is_written_and_holds_for_new_threads() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let a = skill(home.codex().join("skills/a"), "a", "d")
        .canonicalize()
        .unwrap();
    skill(home.codex().join("skills/b"), "b", "d");
    let (app, old) = App::with_thread(&home).await;
    let switch = |what: Value| app.call("skills/config/write", what);
    let config = || std::fs::read_to_string(home.codex().join("config.toml")).unwrap();
    let before = config();
    let off = json!({"effectiveEnabled": false});
    assert_eq!(switch(json!({"name": "b", "enabled": false})).await, off);
    assert_eq!(switch(json!({"path": a, "enabled": false})).await, off);
    assert!(config().starts_with(&before), "{}", config());
    let entry = list(&app, &home.work()).await;
    assert_eq!(entry["skills"][0]["enabled"], false);
    assert_eq!(entry["skills"][1]["enabled"], false);
    let new = app.start_thread(json!({})).await;
    app.run_turn(&new, "Use $a and $b").await;
    assert!(expanded(&model.requests()[0]).is_empty() && sections(&model.requests()[0]).is_empty());
    app.run_turn(&old, "Use $a and $b").await;
    assert_eq!(
        expanded(&model.requests()[1]).len(),
        2,
        "as it was when it was loaded"
    );
    let on = json!({"effectiveEnabled": true});
    assert_eq!(switch(json!({"name": "b", "enabled": true})).await, on);
    assert_eq!(switch(json!({"path": a, "enabled": true})).await, on);
    assert_eq!(switch(json!({"name": "nobody", "enabled": true})).await, on);
    assert_eq!(config().trim_end(), before.trim_end());
    for wrong in [
        json!({"enabled": true}),
        json!({"name": "a", "path": a, "enabled": true}),
        json!({"name": "", "enabled": true}),
    ] {
        let error = app.call_err("skills/config/write", wrong).await;
        assert_eq!(error.code, -32602);
        assert_eq!(
            error.message,
            "skills/config/write requires exactly one of path or name"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn the_model_is_told_once_which_skills_there_are_and_again_when_they_have_changed() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    skill(home.codex().join("skills/a"), "a", "For a");
    let hidden = skill(home.codex().join("skills/hidden"), "hidden", "For nobody");
    write(
        hidden.with_file_name("agents/openai.yaml"),
        "policy:\n  allow_implicit_invocation: false\n",
    );
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"developerInstructions": "DEV"})).await;
    app.run_turn(&thread, "Hi").await;
    let first = model.requests()[0].clone();
    let parts = first.input()[0]["content"].as_array().unwrap();
    assert_eq!(first.input()[0]["role"], "developer");
    assert_eq!(parts[0]["text"], "DEV");
    let section = parts[1]["text"].as_str().unwrap();
    assert!(section.starts_with("<skills_instructions>"), "{section}");
    assert!(
        parts[2]["text"]
            .as_str()
            .unwrap()
            .starts_with("<permissions instructions>")
    );
    let root = home.codex().join("skills");
    assert!(
        section.contains(&format!("- `r0` = `{}`\n", root.display())),
        "{section}"
    );
    assert!(section.contains("- a: For a (file: r0/a/SKILL.md)\n") && !section.contains("nobody"));
    app.run_turn(&thread, "Again").await;
    assert_eq!(sections(&model.requests()[1]).len(), 1);

    skill(root.join("b"), "b", "For b");
    app.run_turn(&thread, "Now with $b").await;
    let third = model.requests()[2].clone();
    let told = sections(&third);
    assert_eq!((told.len(), told[0].as_str()), (2, section));
    assert!(told[1].contains("- b: For b (file: r0/b/SKILL.md)"));
    assert_eq!(expanded(&third).len(), 1);

    // It is known after a restart.
    app.stop().await;
    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread, "excludeTurns": true}))
        .await;
    app.run_turn(&thread, "Still there?").await;
    assert_eq!(sections(&model.requests()[3]).len(), 2);
    std::fs::remove_dir_all(&root).unwrap();
    app.run_turn(&thread, "Gone").await;
    let gone = sections(&model.requests()[4]);
    assert!(
        gone.len() == 3 && gone[2].contains("none is available"),
        "{gone:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn skills_that_a_message_names_follow_it_as_they_are() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let skills = home.codex().join("skills");
    let a = skill(skills.join("a"), "a", "d").canonicalize().unwrap();
    let b = skill(skills.join("b"), "b", "d").canonicalize().unwrap();
    skill(skills.join("c"), "c", "d");
    let twin = skill(skills.join("twin1"), "twin", "d").canonicalize().unwrap();
    skill(skills.join("twin2"), "twin", "d");
    let stranger = skill(home.path().join("stranger"), "stranger", "d");
    let (app, thread) = App::with_thread(&home).await;
    let text = format!("$c, $twin, $PATH, $nobody and [$whatever]({})", a.display());
    let input = json!([
        {"type": "text", "text": text},
        {"type": "skill", "name": "b", "path": b},
        {"type": "skill", "name": "stranger", "path": stranger},
        {"type": "mention", "name": "app", "path": "app://x"},
    ]);
    let turn = app.run_turn_with(&thread, "", json!({"input": input})).await;
    let request = model.requests()[0].clone();
    let [.., message, one, two, three] = request.input() else {
        panic!()
    };
    assert_eq!(message["content"].as_array().unwrap().len(), 1);
    let text_of = |item: &Value| item["content"][0]["text"].as_str().unwrap().to_owned();
    assert_eq!(
        text_of(one),
        format!(
            "<skill>\n<name>a</name>\n<path>{}</path>\n---\nname: a\ndescription: d\n---\nDo a.\n\n</skill>",
            a.display()
        )
    );
    assert!(text_of(two).contains("<name>b</name>") && text_of(three).contains("<name>c</name>"));
    let shown = turn.items_of("userMessage")[0]["content"].clone();
    assert_eq!(
        shown.as_array().unwrap().len(),
        4,
        "the client gets back what it said"
    );

    app.run_turn(&thread, &format!("[$twin](skill://{})", twin.display()))
        .await;
    let expanded = expanded(&model.requests()[1]);
    assert_eq!(expanded.len(), 4);
    assert!(expanded[3].contains("twin1"));
    app.stop().await;
}

#[tokio::test]
async fn the_list_can_be_left_out_and_bundled_skills_can_be_switched_off() {
    let model = MockModel::start("ok");
    let config = Config {
        extra: "[skills]\ninclude_instructions = false\n[skills.bundled]\nenabled = false\n".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    skill(home.codex().join("skills/a"), "a", "d");
    skill(home.codex().join("skills/.system/s"), "s", "d");
    let (app, thread) = App::with_thread(&home).await;
    assert_eq!(names(&list(&app, &home.work()).await), ["a"]);
    app.run_turn(&thread, "Use $a").await;
    let request = model.requests()[0].clone();
    assert!(sections(&request).is_empty());
    assert_eq!(expanded(&request).len(), 1);
    let warned = app.frames().iter().any(|frame| frame.method() == "configWarning");
    assert!(!warned, "the keys are known");
    app.stop().await;
}

#[tokio::test]
async fn more_skills_than_fit_are_told_of_by_name_only_and_the_user_hears_of_the_rest() {
    let model = MockModel::start("ok");
    let config = Config {
        top: "model_context_window = 20000".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    for n in 0..300 {
        skill(
            home.codex().join(format!("skills/s{n:03}")),
            &format!("s{n:03}"),
            &"long words ".repeat(20),
        );
    }
    let (app, thread) = App::with_thread(&home).await;
    assert_eq!(names(&list(&app, &home.work()).await).len(), 300);
    app.run_turn(&thread, "Use $s299").await;
    let request = model.requests()[0].clone();
    let section = sections(&request).remove(0);
    assert!(section.len() < 4000 && section.contains("- s000: (file: r0/s000/SKILL.md)"));
    assert!(!section.contains("s299"));
    assert_eq!(expanded(&request).len(), 1);
    let warning = app
        .wait_where("warning", |params| {
            params["message"].to_string().contains("skills")
        })
        .await;
    assert_eq!(warning["threadId"], thread.as_str());
    app.stop().await;
}

#[tokio::test]
async fn a_switch_of_a_path_that_is_no_skill_is_kept_and_changes_no_skill() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let file = skill(home.codex().join("skills/a"), "a", "d");
    let file = file.canonicalize().unwrap();
    let folder = file.parent().unwrap();
    let app = App::start(&home).await;
    let switch = async |path: &Path, enabled: bool| {
        let params = json!({"path": path, "enabled": enabled});
        let answer = app.call("skills/config/write", params).await;
        answer["effectiveEnabled"].as_bool().unwrap()
    };
    let config = || std::fs::read_to_string(home.codex().join("config.toml")).unwrap();
    for path in [folder, Path::new("/no/such/skill")] {
        assert!(!switch(path, false).await);
        assert!(config().contains(&format!("path = {path:?}\n")), "{}", config());
    }
    assert_eq!(list(&app, &home.work()).await["skills"][0]["enabled"], true);
    assert!(switch(&file, true).await);
    assert!(config().contains(&format!("path = {folder:?}\n")), "{}", config());
    assert!(switch(folder, true).await);
    // By another way to the file.
    assert!(!switch(&folder.join("../a/SKILL.md"), false).await);
    assert_eq!(list(&app, &home.work()).await["skills"][0]["enabled"], false);
    app.stop().await;
}

//! Writing the user's config.toml through the API (docs/contract/configuration.md#reading-and-writing).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Home, Launch};

/// Writes a value as a whole.
pub(crate) async fn write(app: &App, key: &str, value: Value) -> Value {
    let params = json!({"keyPath": key, "value": value, "mergeStrategy": "replace"});
    app.call("config/value/write", params).await
}

/// How that is refused: by code, and in words.
pub(crate) async fn refusal(app: &App, key: &str, value: Value) -> (String, String) {
    let params = json!({"keyPath": key, "value": value, "mergeStrategy": "replace"});
    let error = app.call_err("config/value/write", params).await;
    assert_eq!(error.code, -32600, "{}", error.message);
    let code = error.data["config_write_error_code"].clone();
    (code.as_str().unwrap().to_owned(), error.message)
}

fn text(home: &Home) -> String {
    fs::read_to_string(home.codex().join("config.toml")).unwrap()
}

const ANNOTATED: &str = "\
# Mine. Keep.
model_provider = \"mock\"   # the local one
model = 'gpt-5.5' # quoted my way
unknown = [ 1,
  2, # two
]

[model_providers.mock]
name = \"mock\"
base_url = \"http://127.0.0.1:9/v1\"
http_headers = { a = \"secret\" } # one line
experimental_bearer_token = \"sk-123\"

# About the next one.
[features]
memories = true # yes

[tui]
theme = \"x\"
# The end.
";

#[tokio::test]
async fn a_write_changes_its_line_and_no_other() {
    let home = Home::empty();
    home.write_config(ANNOTATED);
    let app = App::start(&home).await;
    let written = write(&app, "model", json!("gpt-6-sol")).await;
    assert_eq!(
        (&written["status"], &written["overriddenMetadata"]),
        (&json!("ok"), &Value::Null)
    );
    assert_eq!(
        written["filePath"],
        home.codex().join("config.toml").to_str().unwrap()
    );
    let mut expected = ANNOTATED.replace("'gpt-5.5' # quoted", "\"gpt-6-sol\" # quoted");
    assert_eq!(text(&home), expected);
    let layer = app.call("config/read", json!({"includeLayers": true})).await["layers"][0].clone();
    assert_eq!(layer["version"], written["version"]);

    write(&app, "model_providers.mock.http_headers.b", json!("c")).await;
    expected = expected.replace("{ a = \"secret\" } # one", "{ a = \"secret\", b = \"c\" } # one");
    assert_eq!(text(&home), expected);

    write(&app, "unknown", json!([1, 3, 4])).await;
    expected = expected.replace("  2, # two\n", "  3,\n  4, # two\n");
    assert_eq!(text(&home), expected);

    write(&app, "model_verbosity", json!("high")).await;
    expected = expected.replace(
        "]\n\n[model_providers",
        "]\nmodel_verbosity = \"high\"\n\n[model_providers",
    );
    assert_eq!(text(&home), expected);

    write(&app, "features.goals", json!(false)).await;
    expected = expected.replace("# yes\n", "# yes\ngoals = false\n");
    assert_eq!(text(&home), expected);

    write(&app, "projects.\"/a/b.c\".trust_level", json!("trusted")).await;
    expected.push_str("\n[projects.\"/a/b.c\"]\ntrust_level = \"trusted\"\n");
    assert_eq!(text(&home), expected);

    write(&app, "features.memories", Value::Null).await;
    expected = expected.replace("memories = true # yes\n", "");
    assert_eq!(text(&home), expected);

    write(&app, "unknown", Value::Null).await;
    write(&app, "nothing.of.that", Value::Null).await;
    let start = expected.find("unknown = [").unwrap();
    let end = expected.find("model_verbosity").unwrap();
    expected.replace_range(start..end, "");
    assert_eq!(text(&home), expected);
}

#[tokio::test]
async fn writing_what_is_there_does_not_touch_the_file() {
    let home = Home::empty();
    home.write_config(ANNOTATED);
    let path = home.codex().join("config.toml");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    let app = App::start(&home).await;
    write(&app, "model", json!("gpt-5.5")).await;
    write(&app, "unknown", json!([1, 2])).await;
    app.call("config/batchWrite", json!({"edits": []})).await;
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
}

#[tokio::test]
async fn ends_of_lines_marks_links_and_permissions_stay() {
    let home = Home::empty();
    let real = home.path().join("dotfiles.toml");
    fs::write(
        &real,
        "\u{feff}# top\r\nmodel = \"a\" # c\r\n\r\n[tui]\r\nx = 1\r\n",
    )
    .unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("../dotfiles.toml", home.codex().join("config.toml")).unwrap();
    let app = App::start(&home).await;
    write(&app, "model", json!("b")).await;
    write(&app, "tui.y", json!(2)).await;
    assert_eq!(
        fs::read_to_string(&real).unwrap(),
        "\u{feff}# top\r\nmodel = \"b\" # c\r\n\r\n[tui]\r\nx = 1\r\ny = 2\r\n"
    );
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(
        fs::symlink_metadata(home.codex().join("config.toml"))
            .unwrap()
            .is_symlink()
    );
    let names: Vec<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !names.iter().any(|name| name.to_string_lossy().contains(".tmp")),
        "{names:?}"
    );
}

#[tokio::test]
async fn links_are_written_through_wherever_they_lead() {
    let home = Home::empty();
    let (link, folder) = (home.codex().join("config.toml"), home.path().join("dots/deep"));
    let real = folder.join("real.toml");
    // Where nothing is yet, by way of another link.
    symlink(&real, home.path().join("middle.toml")).unwrap();
    symlink("../middle.toml", &link).unwrap();
    let app = App::start(&home).await;
    write(&app, "model", json!("a")).await;
    assert_eq!(fs::read_to_string(&real).unwrap(), "model = \"a\"\n");
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
    fs::remove_file(&real).unwrap();
    write(&app, "model", json!("b")).await;
    assert_eq!(fs::read_to_string(&real).unwrap(), "model = \"b\"\n");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    fs::create_dir(&real).unwrap();
    let params = json!({"keyPath": "model", "value": "c", "mergeStrategy": "replace"});
    let error = app.call_err("config/value/write", params.clone()).await;
    let leads = format!("(it is a link to {})", real.display());
    assert!(error.message.ends_with(&leads), "{}", error.message);

    fs::remove_file(&link).unwrap();
    symlink(&link, &link).unwrap();
    let error = app.call_err("config/value/write", params).await;
    assert!(error.message.contains("links"), "{}", error.message);
    assert!(
        fs::symlink_metadata(&link).unwrap().is_symlink(),
        "it is as it was"
    );
}

#[tokio::test]
async fn a_new_file_is_its_owners_only() {
    let home = Home::empty();
    let app = App::start(&home).await;
    write(&app, "model", json!("b")).await;
    assert_eq!(text(&home), "model = \"b\"\n");
    let mode = fs::metadata(home.codex().join("config.toml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_with_the_contracts_words() {
    let home = Home::empty();
    home.write_config(ANNOTATED);
    let app = App::start(&home).await;
    let invalid = |message: &str| ("configValidationError".to_owned(), message.to_owned());
    for (key, value, message) in [
        ("", json!(1), "keyPath must not be empty"),
        ("a..b", json!(1), "keyPath segments must not be empty"),
        ("model.x", json!(1), "cannot set value on non-table parent"),
        (
            "a",
            json!([null]),
            "invalid value: invalid type: null, expected any valid TOML value",
        ),
        ("a", json!(u64::MAX), "invalid value: u64 value was too large"),
        (
            "model_verbosity",
            json!("huge"),
            "Invalid configuration: unknown variant `huge`, expected one of `low`, `medium`, `high`\nin \
             `model_verbosity`\n",
        ),
        (
            "profile",
            json!("x"),
            "`profile` is a legacy config selector and can no longer be written; use `--profile <name>` with \
             `<name>.config.toml` instead",
        ),
        (
            "approval_policy",
            json!("untrusted"),
            "Invalid configuration: approval_policy = \"untrusted\" is no longer supported; use \"on-request\"",
        ),
    ] {
        assert_eq!(refusal(&app, key, value).await, invalid(message));
    }
    for other in ["/tmp/other.toml", "config.toml", ""] {
        let other = json!({"keyPath": "model", "value": "x", "mergeStrategy": "replace", "filePath": other});
        let error = app.call_err("config/value/write", other).await;
        assert_eq!(error.message, "Only writes to the user config are allowed");
        assert_eq!(error.data["config_write_error_code"], "configLayerReadonly");
    }
    let stale =
        json!({"keyPath": "model", "value": "x", "mergeStrategy": "replace", "expectedVersion": "sha256:00"});
    let error = app.call_err("config/value/write", stale).await;
    assert_eq!(
        error.message,
        "Configuration was modified since last read. Fetch latest version and retry."
    );
    assert_eq!(error.data["config_write_error_code"], "configVersionConflict");
    let batch = json!({"edits": [
        {"keyPath": "model", "value": "q", "mergeStrategy": "replace"},
        {"keyPath": "model_verbosity", "value": "zz", "mergeStrategy": "replace"},
    ]});
    app.call_err("config/batchWrite", batch).await;
    assert_eq!(text(&home), ANNOTATED, "all or nothing");
}

#[tokio::test]
async fn a_write_that_another_layer_hides_says_so() {
    let home = Home::empty();
    home.write_config(ANNOTATED);
    let app = Launch::new(&home).args(&["-c", "model=flag"]).start().await;
    let written = write(&app, "model", json!("mine")).await;
    assert_eq!(written["status"], "okOverridden");
    let why = &written["overriddenMetadata"];
    assert_eq!(why["message"], "Overridden by session flags");
    assert_eq!(why["overridingLayer"]["name"], json!({"type": "sessionFlags"}));
    assert_eq!(why["effectiveValue"], "flag");
}

#[tokio::test]
async fn secrets_are_masked_and_writing_the_mask_changes_nothing() {
    let home = Home::empty();
    home.write_config(ANNOTATED);
    let app = App::start(&home).await;
    let read = app.call("config/read", json!({"includeLayers": true})).await;
    assert!(
        !read.to_string().contains("sk-123") && !read.to_string().contains("secret"),
        "{read}"
    );
    let provider = &read["config"]["model_providers"]["mock"];
    assert_eq!(provider["experimental_bearer_token"], "[redacted]");
    let told = read["layers"][0]["config"]["model_providers"].clone();
    write(&app, "model_providers", told).await;
    assert_eq!(text(&home), ANNOTATED);
    write(
        &app,
        "model_providers.mock.experimental_bearer_token",
        json!("[redacted]"),
    )
    .await;
    write(
        &app,
        "model_providers.other.experimental_bearer_token",
        json!("[redacted]"),
    )
    .await;
    assert_eq!(text(&home), ANNOTATED);
    write(
        &app,
        "model_providers.mock.experimental_bearer_token",
        json!("sk-4"),
    )
    .await;
    assert_eq!(text(&home), ANNOTATED.replace("sk-123", "sk-4"));
}

#[tokio::test]
async fn a_write_may_put_right_a_file_that_cannot_be_used() {
    let home = Home::empty();
    home.write_config("model = 3\n");
    let app = App::start(&home).await;
    let error = app.call_err("config/read", json!({})).await;
    assert_eq!(error.code, -32603);
    assert!(
        error.message.starts_with("failed to read configuration layers: "),
        "{}",
        error.message
    );
    write(&app, "model", json!("m")).await;
    assert_eq!(app.call("config/read", json!({})).await["config"]["model"], "m");
}

/// Numbers that look random, and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// A file of 300 lines: comments, sections, unknown keys, and the keys that are written.
fn long_file() -> String {
    let mut text = "# A long file.\nmodel = \"m0\" # model\n".to_owned();
    for section in 0..49 {
        let _ = write!(
            text,
            "\n# Section {section}: keep me\n[own.s{section}] # header {section}\nk0 = {section} # first\n\
             k1 = \"text {section}\"\nk2 = [ {section}, 1 ]   # list\n"
        );
    }
    text.push_str("# The last line.\n");
    assert!(text.lines().count() >= 297);
    text
}

/// How many lines of one text the other one does not have, counting each line as often as it is there.
fn missing(of: &str, from: &str) -> usize {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for line in from.lines() {
        *counts.entry(line).or_default() += 1;
    }
    of.lines()
        .filter(|line| {
            let count = counts.entry(line).or_default();
            *count -= 1;
            *count < 0
        })
        .count()
}

#[tokio::test]
async fn a_thousand_random_writes_leave_all_else_as_it_is() {
    let home = Home::empty();
    let mut before = long_file();
    let comments: Vec<String> = before
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(Into::into)
        .collect();
    home.write_config(&before);
    let app = App::start(&home).await;
    let mut dice = Dice(14);
    let mut model: BTreeMap<String, Value> = BTreeMap::new();
    let (mut changed, mut most) = (0, 0);
    for turn in 0..1000 {
        let section = dice.roll(49);
        let (key, value) = match dice.roll(6) {
            0 => (format!("own.s{section}.k0"), json!(turn)),
            1 => (format!("own.s{section}.k1"), json!(format!("new \"{turn}\""))),
            2 => (format!("own.s{section}.k2"), json!([turn, section])),
            3 => (
                format!("own.s{section}.new{}", dice.roll(2)),
                json!(turn % 2 == 0),
            ),
            4 => (format!("own.s{section}.new{}", dice.roll(2)), Value::Null),
            _ => ("model".to_owned(), json!(format!("m{turn}"))),
        };
        write(&app, &key, value.clone()).await;
        model.insert(key.clone(), value);
        let after = text(&home);
        let lines = missing(&before, &after).max(missing(&after, &before));
        assert!(lines <= 1, "{key}: {lines} lines\n{after}");
        changed += lines;
        most = most.max(lines);
        before = after;
    }
    eprintln!("1000 writes changed {changed} lines, at most {most} each");
    let kept: Vec<_> = before.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(kept, comments);
    let headers: Vec<_> = before
        .lines()
        .filter(|line| line.starts_with('['))
        .map(ToOwned::to_owned)
        .collect();
    let expected: Vec<_> = (0..49)
        .map(|section| format!("[own.s{section}] # header {section}"))
        .collect();
    assert_eq!(headers, expected);
    let layers = app.call("config/read", json!({"includeLayers": true})).await["layers"].clone();
    let user = layers
        .as_array()
        .unwrap()
        .iter()
        .find(|layer| layer["name"]["type"] == "user")
        .unwrap();
    for (key, value) in model {
        let pointer = format!("/{}", key.replace('.', "/"));
        let found = user["config"].pointer(&pointer).cloned().unwrap_or_default();
        assert_eq!(found, value, "{key}");
    }
}

#[tokio::test]
async fn two_daemons_that_write_at_once_lose_nothing() {
    let home = Home::empty();
    home.write_config("# shared\nmodel = \"m\"\n");
    let (one, other) = (App::start(&home).await, App::start(&home).await);
    let run = async |app: &App, name: &str| {
        for number in 0..60 {
            write(app, &format!("{name}.k{number}"), json!(number)).await;
        }
    };
    tokio::join!(run(&one, "one"), run(&other, "other"));
    let text = text(&home);
    for number in 0..60 {
        assert_eq!(
            text.matches(&format!("k{number} = {number}\n")).count(),
            2,
            "{text}"
        );
    }
    assert!(text.starts_with("# shared\nmodel = \"m\"\n"));
}

#[tokio::test]
async fn loaded_threads_take_up_what_they_can_when_asked_to() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let choose = json!({"threadId": thread, "permissions": "mine"});
    let edits = json!([
        {"keyPath": "default_permissions", "value": ":workspace", "mergeStrategy": "replace"},
        {"keyPath": "permissions.mine", "value": {"extends": ":workspace"}, "mergeStrategy": "replace"},
        {"keyPath": "model", "value": "gpt-5.5", "mergeStrategy": "replace"},
    ]);
    app.call("config/batchWrite", json!({"edits": edits})).await;
    let error = app.call_err("thread/settings/update", choose.clone()).await;
    assert!(error.message.contains("`mine`"), "{}", error.message);
    app.call(
        "config/batchWrite",
        json!({"edits": [], "reloadUserConfig": true}),
    )
    .await;
    app.call("thread/settings/update", choose).await;
    let settings = app.wait_for("thread/settings/updated").await["threadSettings"].clone();
    assert_eq!(settings["activePermissionProfile"]["id"], "mine");
    assert_eq!(settings["model"], "gpt-5.2-codex", "the model is the thread's");
}

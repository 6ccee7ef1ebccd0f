//! Lists of threads (docs/contract/threads.md#thread-list).

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::account;
use crate::support::authority::Authority;
use crate::support::{App, Home};
use crate::thread_search::threads;

fn listed(answer: &Value) -> Vec<&str> {
    let data = answer["data"].as_array().unwrap().iter();
    data.map(|one| one["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_can_be_limited_to_chosen_threads() {
    let (_model, _home, app, ids) = threads(&["one", "two", "three"]).await;
    let list = async |params: Value| app.call("thread/list", params).await;
    let nobody = "01900000-0000-7000-8000-000000000000";
    let chosen = json!([ids[0], ids[2], ids[0], nobody]);
    let page = list(json!({"includedThreadIds": chosen})).await;
    assert_eq!(listed(&page), [&ids[2], &ids[0]], "in the usual order");
    let page = list(json!({"includedThreadIds": chosen, "excludedThreadIds": [ids[2]]})).await;
    assert_eq!(listed(&page), [&ids[0]]);
    let first = list(json!({"includedThreadIds": chosen, "limit": 1})).await;
    assert_eq!(listed(&first), [&ids[2]]);
    let rest = list(json!({"includedThreadIds": chosen, "limit": 1, "cursor": first["nextCursor"]})).await;
    assert_eq!(
        (listed(&rest), &rest["nextCursor"]),
        (vec![ids[0].as_str()], &Value::Null)
    );
    assert_eq!(listed(&list(json!({"includedThreadIds": null})).await).len(), 3);
    assert!(listed(&list(json!({"includedThreadIds": []})).await).is_empty());

    for (field, role) in [
        ("includedThreadIds", "included"),
        ("excludedThreadIds", "excluded"),
    ] {
        let error = app.call_err("thread/list", json!({field: ["x"]})).await;
        assert_eq!(error.code, -32602);
        let words = format!("invalid {role} thread id: ");
        assert!(error.message.starts_with(&words), "{}", error.message);
        let error = app
            .call_err("thread/list", json!({field: vec![nobody; 101]}))
            .await;
        let words = format!("{field} accepts at most 100 entries");
        assert_eq!((error.code, error.message), (-32602, words));
        list(json!({field: vec![nobody; 100]})).await;
    }
}

#[tokio::test]
async fn no_folder_at_all_is_the_folder_of_no_thread() {
    let (_model, home, app, ids) = threads(&["one"]).await;
    let here = app.call("thread/list", json!({"cwd": [home.work()]})).await;
    assert_eq!(listed(&here), [&ids[0]]);
    assert!(listed(&app.call("thread/list", json!({"cwd": []})).await).is_empty());
}

#[tokio::test]
async fn a_folder_is_known_by_all_of_its_paths() {
    let (_model, home, app, ids) = threads(&["one"]).await;
    let (other, link) = (home.path().join("other"), home.path().join("link"));
    std::fs::create_dir(&other).unwrap();
    std::os::unix::fs::symlink(home.work(), &link).unwrap();
    let around = other.join("..").join(home.work().file_name().unwrap());
    for path in [home.work().clone(), link, around] {
        let here = app.call("thread/list", json!({"cwd": path})).await;
        assert_eq!(listed(&here), [&ids[0]], "{}", path.display());
    }
    assert!(listed(&app.call("thread/list", json!({"cwd": other})).await).is_empty());
}

#[tokio::test]
async fn threads_that_begin_with_images_are_listed_also_after_a_restart() {
    let model = MockModel::start("Seen");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let small = json!({"type": "image", "url": "data:image/gif;base64,R0lGODlhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs="});
    // Longer than what is read of the other lines of a file.
    let large = json!({"type": "image", "url": format!("data:image/png;base64,{}", "A".repeat(5 << 20))});
    let audio = json!({"type": "audio", "url": "data:audio/wav;base64,AA=="});
    let blank = json!({"type": "text", "text": " "});
    for (history, input) in [
        ("legacy", json!([small])),
        ("paginated", json!([small])),
        (
            "paginated",
            json!([large, {"type": "text", "text": " What is "}, {"type": "text", "text": "this? "}]),
        ),
        ("paginated", json!([blank, audio])),
    ] {
        let thread = app.start_thread(json!({"historyMode": history})).await;
        app.run_turn_with(&thread, "", json!({"input": input})).await;
    }
    let previews = async |app: &App| -> Vec<Value> {
        let list = app.call("thread/list", json!({})).await;
        let rows = list["data"].as_array().unwrap().iter();
        rows.map(|row| row["preview"].clone()).collect()
    };
    let shown = ["[Audio]", "What is this?", "[Image]", "[Image]"];
    assert_eq!(previews(&app).await, shown);
    app.stop().await;
    for index in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(home.codex().join(format!("app-server-index.sqlite{index}")));
    }
    let app = App::start(&home).await;
    assert_eq!(previews(&app).await, shown);
    app.stop().await;
}

#[tokio::test]
async fn threads_of_other_providers_are_listed_when_they_are_asked_for() {
    let (_model, home, app, ids) = threads(&["ours"]).await;
    let read = app.call("thread/read", json!({"threadId": ids[0]})).await;
    let file = read["thread"]["path"].as_str().unwrap().to_owned();
    app.stop().await;
    let text = std::fs::read_to_string(&file).unwrap();
    let theirs = text.replacen("\"model_provider\":\"mock\"", "\"model_provider\":\"theirs\"", 1);
    std::fs::write(&file, theirs).unwrap();
    let app = App::start(&home).await;
    for (providers, expected) in [
        (json!(null), 0),
        (json!([]), 1),
        (json!(["theirs"]), 1),
        (json!(["mock"]), 0),
    ] {
        let listed = app
            .call("thread/list", json!({"modelProviders": providers}))
            .await;
        assert_eq!(listed["data"].as_array().unwrap().len(), expected, "{providers}");
    }
    app.stop().await;
}

#[tokio::test]
async fn pages_follow_each_other_in_the_order_asked_for() {
    let (_model, _home, app, ids) = threads(&["one", "two", "three"]).await;
    let list = async |params: Value| app.call("thread/list", params).await;
    let newest = list(json!({"limit": 2})).await;
    assert_eq!(listed(&newest), [&ids[2], &ids[1]]);
    let rest = list(json!({"limit": 2, "cursor": newest["nextCursor"]})).await;
    assert_eq!(
        (listed(&rest), &rest["nextCursor"]),
        (vec![ids[0].as_str()], &Value::Null)
    );
    let oldest = list(json!({"sortDirection": "asc", "limit": 1})).await;
    assert_eq!(listed(&oldest), [&ids[0]]);
    // The thread that changed last comes first.
    app.call("thread/resume", json!({"threadId": ids[0], "excludeTurns": true}))
        .await;
    app.run_turn(&ids[0], "again").await;
    let changed = list(json!({"sortKey": "updated_at", "limit": 1})).await;
    assert_eq!(listed(&changed), [&ids[0]]);
    assert!(newest["readStates"][&ids[2]]["revision"].is_string());

    let refusals = [
        (json!({"cursor": "zz"}), -32600, "invalid cursor: zz"),
        (
            json!({"parentThreadId": ids[0], "ancestorThreadId": ids[0]}),
            -32600,
            "parentThreadId and ancestorThreadId are mutually exclusive",
        ),
        (
            json!({"sortKey": "section_position"}),
            -32600,
            "section-position sorting requires a section filter",
        ),
        (
            json!({"originators": ["x"]}),
            -32602,
            "originator filtering is not supported by the local app-server",
        ),
    ];
    for (params, code, message) in refusals {
        let error = app.call_err("thread/list", params).await;
        assert_eq!((error.code, error.message.as_str()), (code, message));
    }
    app.stop().await;
}

#[tokio::test]
async fn a_list_can_be_limited_to_the_user_who_is_signed_in() {
    let authority = Authority::start();
    let home = account::home(&authority, "");
    let app = account::launch(&home, &authority).start().await;
    let enter = async |account: &str| {
        let tokens = authority.issue(account);
        let own =
            json!({"type": "chatgptAuthTokens", "accessToken": tokens.access, "chatgptAccountId": account});
        app.call("account/login/start", own).await;
    };
    let begin = async |text: &str| {
        let id = app.start_thread(json!({})).await;
        app.run_turn(&id, text).await;
        id
    };
    let of_nobody = begin("hello nobody").await;
    enter("one").await;
    let of_one = begin("hello one").await;
    enter("two").await;
    let fork = app.call("thread/fork", json!({"threadId": of_one})).await;
    let fork = fork["thread"]["id"].as_str().unwrap().to_owned();
    let of_two = begin("hello two").await;
    for (only, expected) in [
        (true, vec![&of_two, &fork, &of_nobody]),
        (false, vec![&of_two, &fork, &of_one, &of_nobody]),
    ] {
        let page = app.call("thread/list", json!({"currentAccountOnly": only})).await;
        assert_eq!(listed(&page), expected);
        // Nothing was said in the fork itself.
        let expected: Vec<_> = expected.into_iter().filter(|id| **id != fork).collect();
        let search = json!({"currentAccountOnly": only, "searchTerm": "hello"});
        let found = app.call("thread/search", search).await;
        let found = found["data"].as_array().unwrap().iter();
        let found: Vec<_> = found.map(|one| one["thread"]["id"].as_str().unwrap()).collect();
        assert_eq!(found, expected);
    }
    app.call("account/logout", json!(null)).await;
    let page = app.call("thread/list", json!({"currentAccountOnly": true})).await;
    assert_eq!(listed(&page), [&of_nobody]);
    app.stop().await;
}

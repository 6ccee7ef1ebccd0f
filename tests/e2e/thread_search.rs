//! Search in threads (docs/contract/threads.md#search).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home};

/// A program with a thread for each of these texts, which the agent has said in it; ids in the same order.
pub async fn threads(texts: &[&str]) -> (MockModel, Home, App, Vec<String>) {
    let answers: Vec<Answer> = texts.iter().map(|text| Answer::from(*text)).collect();
    let model = MockModel::start(answers);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let mut ids = Vec::new();
    for _ in texts {
        let id = app.start_thread(json!({})).await;
        app.run_turn(&id, "Hi").await;
        ids.push(id);
    }
    (model, home, app, ids)
}

fn found(answer: &Value) -> Vec<&str> {
    let data = answer["data"].as_array().unwrap().iter();
    data.map(|one| one["thread"]["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_streamed_search_tells_what_it_finds_before_it_answers() {
    let (_model, _home, app, ids) = threads(&["a Needle here", "hay", "another needle"]).await;
    let mark = app.mark();
    let request = app
        .request("thread/search/stream", json!({"searchTerm": "needle"}))
        .await;
    let answer = app.response(request).await.unwrap();
    assert_eq!(found(&answer), [&ids[2], &ids[0]]);
    assert_eq!(
        answer,
        app.call("thread/search", json!({"searchTerm": "needle"})).await
    );
    let frames = app.frames();
    let mut told = Vec::new();
    for frame in &frames[mark..] {
        if frame.json["id"] == json!(request) {
            break;
        }
        if frame.method() == "thread/search/partial" {
            assert_eq!(frame.params()["requestId"], json!(request));
            told.extend(frame.params()["data"].as_array().unwrap().clone());
        }
    }
    let snippets: Vec<_> = told.iter().map(|one| one["snippet"].clone()).collect();
    assert_eq!(snippets, ["another needle", "a Needle here"]);

    for method in ["thread/search", "thread/search/stream"] {
        let error = app.call_err(method, json!({"searchTerm": "  "})).await;
        let words = "thread/search requires a non-empty searchTerm";
        assert_eq!((error.code, error.message.as_str()), (-32600, words));
    }
    for (method, code) in [("thread/search", -32600), ("thread/search/stream", -32602)] {
        let params = json!({"searchTerm": "needle", "cursor": "zz"});
        let error = app.call_err(method, params).await;
        assert_eq!((error.code, error.message.as_str()), (code, "invalid cursor: zz"));
    }
    let long = json!({"searchTerm": "x".repeat(65_537)});
    let error = app.call_err("thread/search/stream", long.clone()).await;
    let words = "thread/search/stream searchTerm exceeds 65536 UTF-8 bytes";
    assert_eq!((error.code, error.message.as_str()), (-32602, words));
    assert_eq!(app.call("thread/search", long).await["data"], json!([]));
}

#[tokio::test]
async fn a_search_is_given_up_by_its_own_method_only() {
    let texts: Vec<String> = (0..8).map(|n| format!("needle {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (_model, _home, app, _ids) = threads(&texts).await;
    let methods = [
        ("thread/search", "thread/search/cancel"),
        ("thread/search/stream", "thread/search/stream/cancel"),
    ];
    for (n, (search, cancel)) in methods.into_iter().enumerate() {
        let other = methods[1 - n].1;
        for (method, cancelled) in [(cancel, true), (other, false)] {
            let id = format!("{search} {method}");
            let frames = [
                json!({"id": id, "method": search, "params": {"searchTerm": "needle"}}),
                json!({"id": format!("{id}!"), "method": method, "params": {"requestId": id}}),
            ];
            app.write(format!("{}\n{}\n", frames[0], frames[1]).as_bytes())
                .await;
            assert_eq!(app.response(format!("{id}!")).await.unwrap(), json!({}));
            match app.response(id).await {
                Err(error) => {
                    assert!(cancelled, "{search} {method}");
                    assert_eq!(
                        (error.code, error.message.as_str()),
                        (-32600, "thread search cancelled")
                    );
                }
                Ok(answer) => {
                    assert!(!cancelled, "{search} {method}");
                    assert_eq!(found(&answer).len(), 8);
                }
            }
        }
        assert_eq!(app.call(cancel, json!({"requestId": 99})).await, json!({}));
        assert_eq!(app.call_err(cancel, json!({"requestId": 1.5})).await.code, -32602);
    }
}

#[tokio::test]
async fn every_place_in_a_thread_is_found_with_a_cursor_that_leads_to_its_turn() {
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", json!({"cmd": "echo needle"})),
        Answer::from("A NEEDLE, and another needle."),
        Answer::from("hay"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    let first = app.run_turn(&id, "the Needle").await;
    let second = app.run_turn(&id, "needles, too").await;
    let find = async |mut params: Value| {
        params["threadId"] = json!(id);
        app.call("thread/searchOccurrences", params).await
    };
    let all = find(json!({"searchTerm": " needle "})).await;
    assert_eq!(all["nextCursor"], Value::Null);
    let rows = all["data"].as_array().unwrap();
    let found: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| {
            let snippet = row["snippet"].as_str().unwrap();
            let at = |end: &str| usize::try_from(row["snippetMatchRange"][end].as_u64().unwrap()).unwrap();
            (row["turnId"].as_str().unwrap(), &snippet[at("start")..at("end")])
        })
        .collect();
    let expected = [
        (first.id.as_str(), "Needle"),
        (&first.id, "NEEDLE"),
        (&first.id, "needle"),
        (&second.id, "needle"),
    ];
    assert_eq!(found, expected, "oldest first, and not in outputs");
    let messages: Vec<_> = first.items().iter().map(|item| item["id"].clone()).collect();
    assert!(rows[..3].iter().all(|row| messages.contains(&row["itemId"])));
    for row in rows {
        let params = json!({"threadId": id, "limit": 1, "cursor": row["turnCursor"]});
        let page = app.call("thread/turns/list", params).await;
        assert_eq!(page["data"][0]["id"], row["turnId"]);
    }

    let mut pages = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let page = find(json!({"searchTerm": "needle", "limit": 1, "cursor": cursor})).await;
        pages.extend(page["data"].as_array().unwrap().clone());
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
        let other = json!({"threadId": id, "searchTerm": "hay", "cursor": cursor});
        let error = app.call_err("thread/searchOccurrences", other).await;
        assert!(error.message.starts_with("invalid cursor: "), "{}", error.message);
    }
    assert_eq!(pages, *rows);
    let blank = json!({"threadId": id, "searchTerm": " "});
    let error = app.call_err("thread/searchOccurrences", blank).await;
    let words = "thread/searchOccurrences requires a non-empty searchTerm";
    assert_eq!((error.code, error.message.as_str()), (-32600, words));
    app.stop().await;
}

#[tokio::test]
async fn snippets_are_short_and_fit_on_a_line() {
    let long = format!("{}\n\nfind  zebra end\t{}", "x".repeat(300), "y".repeat(300));
    let (_model, _home, app, ids) = threads(&[&long]).await;
    let cut = format!("... {} find zebra end {} ...", "x".repeat(43), "y".repeat(91));
    let row = app.call("thread/search", json!({"searchTerm": "zebra"})).await;
    let snippet = row["data"][0]["snippet"].as_str().unwrap();
    assert!(
        snippet.starts_with("... x") && snippet.ends_with("y ..."),
        "{snippet}"
    );
    assert!(snippet.contains("x find zebra end y"), "{snippet}");
    let params = json!({"threadId": ids[0], "searchTerm": "find zebra"});
    let found = app.call("thread/searchOccurrences", params).await;
    let row = &found["data"][0];
    assert_eq!(row["snippetMatchRange"], json!({"start": 53, "end": 63}));
    let params = json!({"threadId": ids[0], "searchTerm": "zebra"});
    let found = app.call("thread/searchOccurrences", params).await;
    let row = &found["data"][0];
    assert_eq!(row["snippet"], cut);
    assert_eq!(row["snippetMatchRange"], json!({"start": 53, "end": 58}));

    // What a user wrote keeps its lines in its own thread.
    app.run_turn(&ids[0], " one\n  tiger\ntwo ").await;
    let params = json!({"threadId": ids[0], "searchTerm": "tiger"});
    let found = app.call("thread/searchOccurrences", params).await;
    assert_eq!(found["data"][0]["snippet"], "one\n  tiger\ntwo");
    let row = app.call("thread/search", json!({"searchTerm": "tiger"})).await;
    assert_eq!(row["data"][0]["snippet"], "one tiger two");
    app.stop().await;
}

#[tokio::test]
async fn a_fork_is_found_by_what_was_said_in_it() {
    let (_model, _home, app, ids) = threads(&["a needle", "hay"]).await;
    let params = json!({"threadId": ids[0], "excludeTurns": true});
    let fork = app.call("thread/fork", params).await["thread"]["id"].clone();
    let fork = fork.as_str().unwrap();
    app.run_turn(fork, "straw").await;
    let search = async |term: &str| app.call("thread/search", json!({"searchTerm": term})).await;
    assert_eq!(found(&search("needle").await), [&ids[0]]);
    assert_eq!(found(&search("straw").await), [fork]);
    let params = json!({"threadId": fork, "searchTerm": "needle"});
    let places = app.call("thread/searchOccurrences", params).await;
    assert_eq!(places["data"].as_array().unwrap().len(), 1);
    app.stop().await;
}

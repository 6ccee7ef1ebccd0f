//! What model servers and gateways really send, and what becomes of it: a member that can't be read costs that member,
//! what is lost is told, and what was delivered is never asked for again.

use codex_core::mock_model::{Answer, Step};
use serde_json::{Value, json};

use crate::session_probe::{Probe, assert_told, assert_told_first, assert_told_last};

fn added(index: Option<i64>, item: &Value) -> Value {
    json!({"type": "response.output_item.added", "output_index": index, "item": item})
}

fn done(index: Option<i64>, item: &Value) -> Value {
    json!({"type": "response.output_item.done", "output_index": index, "item": item})
}

fn delta(index: Option<i64>, id: &str, text: &str) -> Value {
    json!({"type": "response.output_text.delta", "output_index": index, "item_id": id, "delta": text})
}

fn message(id: &str, text: &str) -> Value {
    json!({"type": "message", "id": id, "role": "assistant", "content": [{"type": "output_text", "text": text}]})
}

fn completed() -> Value {
    json!({"type": "response.completed", "response": {"id": "r", "usage": null}})
}

/// What a turn tells between the user's message and its end.
async fn told(probe: &Probe) -> Vec<String> {
    let lines = probe.run("hi").await;
    let from = lines
        .iter()
        .position(|line| line.starts_with("completed user"))
        .unwrap();
    let end = lines.len() - 1;
    assert!(lines[end].starts_with("turn Completed"), "{lines:#?}");
    let told = lines[from + 1..end].iter();
    told.filter(|line| !line.starts_with("usage") && !line.starts_with("status"))
        .cloned()
        .collect()
}

/// Texts of the model that the last request sent back.
fn sent_back(probe: &Probe) -> Vec<String> {
    let requests = probe.model.requests();
    let input = requests.last().unwrap().input().to_vec();
    let said = input.iter().filter(|item| item["role"] == "assistant");
    said.map(|item| item["content"][0]["text"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn items_that_are_open_at_once_keep_their_own_text() {
    for (a, b) in [(Some(0), Some(1)), (None, None)] {
        let probe = Probe::start([Answer::events([
            added(a, &message("one", "")),
            added(b, &message("two", "")),
            delta(a, "one", "1"),
            delta(b, "two", "2"),
            delta(a, "one", "1"),
            done(b, &message("two", "2")),
            done(a, &message("one", "11")),
            completed(),
        ])])
        .await;
        assert_eq!(
            told(&probe).await,
            [
                "started message one ''",
                "started message two ''",
                "delta one 1",
                "delta two 2",
                "delta one 1",
                "completed message two '2'",
                "completed message one '11'",
            ]
        );
    }
}

#[tokio::test]
async fn an_identifier_that_changes_or_recurs_leaves_nothing_open() {
    let probe = Probe::start([
        Answer::events([
            added(Some(0), &message("a", "")),
            delta(Some(0), "b", "x"),
            done(Some(0), &message("c", "x")),
            completed(),
        ]),
        Answer::events([
            done(Some(0), &message("m", "1")),
            done(Some(0), &message("m", "1")),
            done(Some(1), &message("m", "2")),
            completed(),
        ]),
    ])
    .await;
    assert_eq!(
        told(&probe).await,
        ["started message a ''", "delta a x", "completed message a 'x'"]
    );
    let lines = told(&probe).await;
    let second = lines
        .iter()
        .find(|line| line.starts_with("started message msg_"))
        .unwrap();
    assert!(second.ends_with("'2'"), "{lines:?}");
    let story = ["started message m '1'", "completed message m '1'", second];
    assert_told_first(&lines, &story);
    assert_eq!(lines.len(), 4);
}

#[tokio::test]
async fn text_whose_end_never_comes_is_kept_and_sent_back() {
    let reasoning = json!({"type": "reasoning", "id": "rs", "summary": []});
    let thought = json!({"type": "response.reasoning_summary_text.delta", "summary_index": 0, "delta": "hm"});
    let search = json!({"type": "web_search_call", "id": "ws"});
    let probe = Probe::start([
        Answer::events([
            added(Some(0), &reasoning),
            thought,
            added(Some(1), &search),
            added(Some(2), &message("m", "")),
            delta(Some(2), "m", "all of it"),
            completed(),
        ]),
        Answer::events([delta(None, "m", "no message"), completed()]),
        Answer::new().say("ok"),
    ])
    .await;
    let lines = told(&probe).await;
    assert_told_last(
        &lines,
        &[
            "completed reasoning rs [\"hm\"] []",
            "completed search ws '' Other",
            "completed message m 'all of it'",
        ],
    );
    let lines = told(&probe).await;
    assert!(
        lines.len() == 2 && lines.last().unwrap().ends_with("'no message'"),
        "{lines:?}"
    );
    probe.run("more").await;
    assert_eq!(sent_back(&probe), ["all of it", "no message"]);
}

#[tokio::test]
async fn a_finished_answer_is_never_asked_for_again() {
    let ends = [
        json!({"type": "response.completed"}),
        json!({"type": "response.completed", "response": {"id": null}}),
        json!({"type": "response.completed", "response": {"id": "r", "usage": {"input_tokens": null,
            "output_tokens": 1.5, "total_tokens": "x", "input_tokens_details": null}}}),
        json!({"type": "response.completed", "response": {"id": "r", "usage": "many"}}),
        json!({"type": "response.done", "response": {"id": "r"}}),
    ];
    let count = ends.len();
    let answers = ends.map(|end| Answer::events([done(None, &message("m", "hi")), end]));
    let probe = Probe::start(answers.to_vec()).await;
    for _ in 0..count {
        let lines = told(&probe).await;
        assert_told(&lines, &["completed message m 'hi'"]);
    }
    assert_eq!(probe.model.requests().len(), count);
}

#[tokio::test]
async fn members_that_cannot_be_read_cost_only_themselves() {
    let text = |json: &str| Step::Text(format!("event: x\ndata: {json}\n\n"));
    let item = r#"{"type":"message","id":"m","phase":"musing","content":"half \ud83d!"}"#;
    let probe = Probe::start([Answer::new()
        .bare()
        .step(text(
            r#"{"type":"response.output_item.added","delta":null,"item":{"type":"message","id":"m"}}"#,
        ))
        .step(text(
            r#"{"type":"response.output_text.delta","delta":"half \ud83d","logprobs":NaN}"#,
        ))
        .step(Step::bytes(
            b"data: {\"type\":\"response.output_text.delta\",\"delta\":\"\xff\"}\n\n",
        ))
        .step(text(&format!(
            r#"{{"type":"response.output_item.done","summary_index":"x","item":{item}}}"#
        )))
        .event(completed())])
    .await;
    assert_eq!(
        told(&probe).await,
        [
            "started message m ''",
            "delta m half \u{fffd}",
            "delta m \u{fffd}",
            "completed message m 'half \u{fffd}!'",
        ]
    );
}

#[tokio::test]
async fn what_is_lost_is_told_once() {
    let broken = Step::Text("data: {\"type\":\"response.output_item.done\",\"item\":{\"ty\n\n".to_owned());
    let strange = done(None, &json!({"type": null, "x": 1}));
    let probe = Probe::start([Answer::new()
        .step(broken.clone())
        .step(broken)
        .event(strange.clone())
        .event(strange)
        .say("hi")])
    .await;
    let lines = told(&probe).await;
    let warnings: Vec<_> = lines.iter().filter(|line| line.starts_with("warning")).collect();
    assert_eq!(warnings.len(), 2, "{lines:#?}");
    assert!(
        lines.contains(&"completed message msg-1-4 'hi'".to_owned()),
        "{lines:#?}"
    );
}

#[tokio::test]
async fn calls_are_run_whatever_form_they_come_in() {
    let forms = [
        json!({"type": "function_call", "call_id": "c", "name": "exec_command", "arguments": {"cmd": "echo ran"}}),
        json!({"type": "function_call", "id": "c", "name": "exec_command", "arguments": "{\"cmd\":\"echo ran\"}"}),
        json!({"id": "c", "function": {"name": "exec_command", "arguments": "{\"cmd\":\"echo ran\"}"}}),
    ];
    for form in forms {
        let probe = Probe::start([
            Answer::events([done(None, &form), completed()]),
            Answer::new().say("ok"),
        ])
        .await;
        probe.run("hi").await;
        let requests = probe.model.requests();
        assert!(requests[1].tool_output("c").unwrap().contains("ran"), "{form}");
    }
    let nameless = json!({"type": "function_call", "call_id": "c", "name": null, "arguments": "{}"});
    let probe = Probe::start([
        Answer::events([done(None, &nameless), completed()]),
        Answer::new().say("ok"),
    ])
    .await;
    told(&probe).await;
    let requests = probe.model.requests();
    assert!(requests[1].tool_output("c").unwrap().contains("unsupported call"));
}

#[tokio::test]
async fn a_call_that_was_only_announced_is_run_if_all_of_it_came_and_else_fails_the_turn() {
    let call =
        json!({"type": "function_call", "id": "f", "call_id": "c", "name": "exec_command", "arguments": ""});
    let arguments =
        |text: &str| json!({"type": "response.function_call_arguments.delta", "item_id": "f", "delta": text});
    let probe = Probe::start([
        Answer::events([
            added(Some(0), &call),
            arguments("{\"cmd\":"),
            arguments("\"echo ran\"}"),
            completed(),
        ]),
        Answer::new().say("ok"),
        Answer::events([added(Some(0), &call), arguments("{\"cmd\":"), completed()]),
    ])
    .await;
    probe.run("hi").await;
    assert!(
        probe.model.requests()[1]
            .tool_output("c")
            .unwrap()
            .contains("ran")
    );
    let lines = probe.run("hi").await;
    let last = lines.last().unwrap();
    assert!(
        last.starts_with("turn Failed") && last.contains("exec_command"),
        "{last}"
    );
    assert_eq!(probe.model.requests().len(), 3, "nothing is asked for again");
}

#[tokio::test]
async fn calls_that_share_an_identifier_are_told_apart_and_have_one_output_each() {
    let call = |arguments: Value| json!({"type": "function_call", "call_id": "c", "name": "nope", "arguments": arguments});
    let twice = || {
        Answer::events([
            done(Some(0), &call(json!({"a": 1}))),
            done(Some(1), &call(json!({"a": 2}))),
            done(Some(1), &call(json!({"a": 2}))),
            json!({"type": "response.completed", "response": {"id": "r",
                "output": [call(json!({"a": 1})), call(json!({"a": 2}))]}}),
        ])
    };
    let probe = Probe::start([twice(), twice(), Answer::new().say("ok")]).await;
    told(&probe).await;
    let requests = probe.model.requests();
    let ids = |kind: &str| -> Vec<Value> {
        let items = requests[2].input_of(kind).into_iter();
        items.map(|item| item["call_id"].clone()).collect()
    };
    assert_eq!(ids("function_call"), ["c", "c_2", "c", "c_2"]);
    assert_eq!(ids("function_call_output"), ["c", "c_2", "c", "c_2"]);
}

#[tokio::test]
async fn a_response_that_has_its_items_only_at_the_end_is_whole() {
    let output = json!([
        {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "e"},
        message("m", "hi"),
        {"type": "function_call", "call_id": "c", "name": "nope", "arguments": "{}"},
    ]);
    let end = json!({"type": "response.completed", "response": {"id": "r", "output": output}});
    let probe = Probe::start([Answer::events([end]), Answer::new().say("ok")]).await;
    let lines = told(&probe).await;
    assert_told_first(
        &lines,
        &[
            "started reasoning rs [] []",
            "completed reasoning rs [] []",
            "started message m 'hi'",
            "completed message m 'hi'",
        ],
    );
    assert!(probe.model.requests()[1].tool_output("c").is_some());
}

#[tokio::test]
async fn an_incomplete_answer_keeps_its_text_and_ends_the_turn_with_the_reason() {
    let end = json!({"type": "response.incomplete", "response": {"id": "r",
        "incomplete_details": {"reason": "content_filter"}, "usage": {"input_tokens": 3, "output_tokens": 4}}});
    let open = added(Some(0), &message("m", ""));
    let probe = Probe::start([
        Answer::events([open, delta(Some(0), "m", "so far"), end]),
        Answer::new().say("ok"),
    ])
    .await;
    let lines = probe.run("hi").await;
    assert!(
        lines.contains(&"completed message m 'so far'".to_owned()),
        "{lines:#?}"
    );
    assert!(lines.contains(&"usage total=7 last=7".to_owned()), "{lines:#?}");
    let last = lines.last().unwrap();
    assert!(
        last.starts_with("turn Failed") && last.contains("content_filter"),
        "{last}"
    );
    probe.run("go on").await;
    assert_eq!(probe.model.requests().len(), 2);
    assert_eq!(sent_back(&probe), ["so far"]);
}

#[tokio::test]
async fn a_refusal_is_what_the_model_says() {
    let refusal = json!({"type": "message", "id": "m", "role": "assistant",
        "content": [{"type": "refusal", "refusal": "I won't."}]});
    let probe = Probe::start([Answer::events([
        added(Some(0), &message("m", "")),
        json!({"type": "response.refusal.delta", "item_id": "m", "delta": "I won't."}),
        done(Some(0), &refusal),
        completed(),
    ])])
    .await;
    assert_eq!(
        told(&probe).await,
        [
            "started message m ''",
            "delta m I won't.",
            "completed message m 'I won't.'"
        ]
    );
}

#[tokio::test]
async fn injected_calls_and_outputs_are_paired_before_they_are_sent() {
    use codex_core::{Op, Reply};
    let probe = Probe::start([Answer::new().say("ok")]).await;
    let items = vec![
        json!({"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"}),
        json!({"type": "function_call_output", "call_id": "other", "output": "x"}),
        json!({"type": "ghost_snapshot", "x": 1}),
    ];
    let (reply, answer) = Reply::channel();
    probe.thread.submit(Op::InjectItems {
        items,
        is_urgent: true,
        reply,
    });
    answer.await.unwrap();
    told(&probe).await;
    let requests = probe.model.requests();
    assert_eq!(requests[0].tool_output("c"), Some("aborted"));
    assert_eq!(requests[0].input_of("function_call_output").len(), 1);
    assert!(requests[0].input_of("ghost_snapshot").is_empty());
}

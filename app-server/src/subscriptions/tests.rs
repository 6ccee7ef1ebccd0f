//! Requests to clients, and who hears what.

use codex_app_server_protocol::{CommandExecutionRequestApproval, ErrorObject, NoParams, RequestId, Warning};
use codex_core::{ApprovalDecision, CommandApproval, Event, EventSink, Traffic, new_request_id};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;

use crate::client::handle::{ClientProfile, ClientRequestError};
use crate::events::publisher::Publisher;
use crate::subscriptions::*;

struct Ask;

impl Request for Ask {
    const METHOD: &'static str = "test/ask";
    type Params = NoParams;
    type Response = Vec<String>;
}

fn client(subscriptions: &Arc<Subscriptions>, opt_out: &[&str]) -> Arc<Client> {
    client_that(subscriptions, opt_out, false)
}

fn client_that(subscriptions: &Arc<Subscriptions>, opt_out: &[&str], attests: bool) -> Arc<Client> {
    let client = subscriptions.connect();
    client.set_profile(ClientProfile {
        originator: String::new(),
        user_agent: String::new(),
        experimental: true,
        attests,
        opt_out: opt_out.iter().map(|method| (*method).to_owned()).collect(),
    });
    client
}

fn heard(client: &Client) -> Vec<Value> {
    let frames = client.outgoing.take_frames();
    frames
        .iter()
        .map(|json| serde_json::from_slice(json).unwrap())
        .collect()
}

fn methods(client: &Client) -> Vec<String> {
    heard(client)
        .iter()
        .map(|json| json["method"].as_str().unwrap().to_owned())
        .collect()
}

fn raw(json: &Value) -> Box<RawValue> {
    RawValue::from_string(json.to_string()).unwrap()
}

/// What happens in a thread, on the way of all events.
fn emit(subscriptions: &Arc<Subscriptions>, thread: ThreadId, event: Event) {
    Publisher::new(Arc::clone(subscriptions)).emit(thread, event);
}

fn question(approval: i64) -> (Event, oneshot::Receiver<ApprovalDecision>) {
    let (answer, answered) = oneshot::channel();
    let question = CommandApproval {
        input_call: None,
        approval,
        turn_id: "turn".into(),
        item_id: "item".into(),
        started_at_ms: 1,
        reason: None,
        command: vec!["touch".into(), "a b".into()],
        cwd: "/w".into(),
        actions: Vec::new(),
        proposed_rule: Some(vec!["touch".into()]),
        additional_permissions: None,
        answer,
    };
    (Event::CommandApproval(Box::new(question)), answered)
}

#[test]
fn the_first_answer_counts_and_all_who_were_asked_hear_that_it_is_settled() {
    let subscriptions = Subscriptions::new();
    let (one, two, stranger) = (
        client(&subscriptions, &[]),
        client(&subscriptions, &[]),
        client(&subscriptions, &[]),
    );
    let thread = ThreadId::new();
    subscriptions.watch(thread, &one);
    subscriptions.watch(thread, &two);
    let approval = new_request_id();
    let (event, mut answered) = question(approval);
    emit(&subscriptions, thread, event);
    let asked = heard(&one);
    assert_eq!(asked, heard(&two));
    assert_eq!(asked[0]["id"], approval);
    assert_eq!(asked[0]["method"], CommandExecutionRequestApproval::METHOD);
    assert_eq!(asked[0]["params"]["command"], "touch 'a b'");
    assert_eq!(
        asked[0]["params"]["availableDecisions"],
        json!(["accept", {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch"]}}, "cancel"])
    );

    let id = RequestId::Integer(approval);
    subscriptions.answered(&stranger, Some(&id), Ok(raw(&json!({"decision": "accept"}))));
    assert!(answered.try_recv().is_err(), "it was not asked");
    subscriptions.answered(&two, Some(&id), Ok(raw(&json!({"decision": "acceptForSession"}))));
    subscriptions.answered(&one, Some(&id), Ok(raw(&json!({"decision": "cancel"}))));
    assert_eq!(answered.try_recv().unwrap(), ApprovalDecision::AcceptForSession);
    for client in [&one, &two] {
        let settled = heard(client);
        assert_eq!(settled.len(), 1);
        assert_eq!(settled[0]["method"], "serverRequest/resolved");
        assert_eq!(
            settled[0]["params"],
            json!({"threadId": thread.to_string(), "requestId": approval})
        );
    }
    assert!(heard(&stranger).is_empty());
}

#[test]
fn a_refusal_or_an_answer_that_is_not_understood_declines() {
    let subscriptions = Subscriptions::new();
    let client = client(&subscriptions, &[]);
    let thread = ThreadId::new();
    subscriptions.watch(thread, &client);
    let outcomes = [
        Ok(raw(&json!({"decision": "perhaps"}))),
        Ok(raw(&json!(null))),
        Err(ErrorObject::new(1, "no")),
    ];
    for outcome in outcomes {
        let id = new_request_id();
        let (event, mut answered) = question(id);
        emit(&subscriptions, thread, event);
        subscriptions.answered(&client, Some(&RequestId::Integer(id)), outcome);
        assert_eq!(answered.try_recv().unwrap(), ApprovalDecision::Failed);
    }
}

#[test]
fn questions_outlive_connections_and_are_repeated_to_who_comes_later() {
    let subscriptions = Subscriptions::new();
    let thread = ThreadId::new();
    let first = client(&subscriptions, &[]);
    subscriptions.watch(thread, &first);
    let approval = new_request_id();
    let (event, mut answered) = question(approval);
    emit(&subscriptions, thread, event);
    let asked = heard(&first);
    assert_eq!(subscriptions.disconnect(&first), [thread]);
    subscriptions.watch(thread, &first);
    assert_eq!(subscriptions.watchers(thread), 0, "who has gone cannot watch");

    let later = client(&subscriptions, &[]);
    subscriptions.watch(thread, &later);
    subscriptions.repeat_requests(thread, &later);
    assert_eq!(heard(&later), asked);
    emit(&subscriptions, thread, Event::ApprovalWithdrawn { approval });
    assert_eq!(methods(&later), ["serverRequest/resolved"]);
    subscriptions.answered(
        &later,
        Some(&RequestId::Integer(approval)),
        Ok(raw(&json!({"decision": "accept"}))),
    );
    assert!(answered.try_recv().is_err());
}

#[tokio::test]
async fn one_connection_can_be_asked_with_patience() {
    let subscriptions = Subscriptions::new();
    let client = client(&subscriptions, &[]);
    let patience = Duration::from_millis(200);
    let ask = || subscriptions.request::<Ask>(&client, &NoParams {}, patience);
    let answer = async |outcome| {
        tokio::task::yield_now().await;
        let asked = heard(&client);
        assert_eq!((asked.len(), &asked[0]["method"]), (1, &json!(Ask::METHOD)));
        let id = RequestId::Integer(asked[0]["id"].as_i64().unwrap());
        subscriptions.answered(&client, Some(&id), outcome);
    };
    let (answered, ()) = tokio::join!(ask(), answer(Ok(raw(&json!(["yes"])))));
    assert_eq!(answered.unwrap(), ["yes"]);
    let (answered, ()) = tokio::join!(ask(), answer(Ok(raw(&json!(5)))));
    assert!(matches!(answered, Err(ClientRequestError::NotUnderstood(_))));
    let refusal = ErrorObject::new(-1, "no");
    let (answered, ()) = tokio::join!(ask(), answer(Err(refusal.clone())));
    assert_eq!(answered, Err(ClientRequestError::Refused(refusal)));
    assert_eq!(ask().await, Err(ClientRequestError::TimedOut));
    let leave = async {
        tokio::task::yield_now().await;
        subscriptions.disconnect(&client);
    };
    let (answered, ()) = tokio::join!(ask(), leave);
    assert_eq!(answered, Err(ClientRequestError::Gone));
    assert_eq!(
        methods(&client),
        vec![Ask::METHOD; 2],
        "nothing is said to be resolved"
    );
}

#[test]
fn watchers_hear_of_the_thread_and_everybody_of_its_status() {
    let subscriptions = Subscriptions::new();
    let (watcher, other, uninitialized) = (
        client(&subscriptions, &[]),
        client(&subscriptions, &[]),
        subscriptions.connect(),
    );
    let deaf = client(&subscriptions, &[Warning::METHOD]);
    let thread = ThreadId::new();
    subscriptions.watch(thread, &watcher);
    subscriptions.watch(thread, &watcher);
    subscriptions.watch(thread, &deaf);
    assert_eq!(subscriptions.watchers(thread), 2);
    emit(&subscriptions, thread, Event::Warning("careful".to_owned()));
    emit(
        &subscriptions,
        thread,
        Event::Status(codex_core::ThreadStatus::Idle),
    );
    emit(&subscriptions, thread, Event::Closed);
    let to_all = ["thread/status/changed", "thread/closed"];
    assert_eq!(methods(&watcher), ["warning", to_all[0], to_all[1]]);
    assert_eq!(methods(&other), to_all);
    assert_eq!(methods(&deaf), to_all);
    assert!(methods(&uninitialized).is_empty());
}

#[tokio::test]
async fn a_thread_waits_for_its_slowest_watcher_until_that_reads_or_leaves() {
    let subscriptions = Subscriptions::new();
    let (slow, quick) = (client(&subscriptions, &[]), client(&subscriptions, &[]));
    let (thread, other) = (ThreadId::new(), ThreadId::new());
    subscriptions.watch(thread, &slow);
    subscriptions.watch(thread, &quick);
    subscriptions.watch(other, &quick);
    slow.outgoing
        .push(Some(thread), vec![b' '; crate::client::outgoing::HIGH_WATER + 1]);
    assert!(subscriptions.congested(thread, Traffic::Model));
    assert!(!subscriptions.congested(other, Traffic::Output));
    let drained = subscriptions.drained(thread, Traffic::Model);
    assert!(subscriptions.unwatch(thread, &slow));
    assert!(!subscriptions.unwatch(thread, &slow));
    drained.await;
}

#[test]
fn the_first_watcher_that_offers_it_and_is_there_attests() {
    let subscriptions = Subscriptions::new();
    let (thread, other) = (ThreadId::new(), ThreadId::new());
    let [plain, first, second, elsewhere] =
        [false, true, true, true].map(|attests| client_that(&subscriptions, &[], attests));
    let asked = |thread| subscriptions.attesting_watcher(thread).map(|client| client.id);
    subscriptions.watch(other, &elsewhere);
    for client in [&plain, &first, &second] {
        assert_eq!(
            asked(thread),
            None,
            "who does not watch, or offers nothing, is not asked"
        );
        subscriptions.watch(thread, client);
        if client.id == first.id {
            break;
        }
    }
    subscriptions.watch(thread, &second);
    assert_eq!(asked(thread), Some(first.id));
    subscriptions.input_ended(&first);
    assert_eq!(asked(thread), Some(second.id));
    subscriptions.disconnect(&second);
    assert_eq!(asked(thread), None);
}

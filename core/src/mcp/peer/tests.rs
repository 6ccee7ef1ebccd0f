use super::*;

fn peer() -> (Peer, mpsc::Receiver<Outgoing>) {
    let (out, sent) = mpsc::channel(8);
    (Peer::new(out), sent)
}

#[tokio::test]
async fn answers_find_their_requests_in_any_order() {
    let (peer, mut sent) = peer();
    let ask = |name: &'static str| {
        let peer = peer.clone();
        async move { peer.request(name, Map::new(), None).await }
    };
    let (first, second) = (tokio::spawn(ask("a")), tokio::spawn(ask("b")));
    for id in 0..2 {
        let message = sent.recv().await.expect("a message").message;
        assert_eq!(
            (&message["id"], &message["params"]["_meta"]["progressToken"]),
            (&json!(id), &json!(id))
        );
    }
    assert!(peer.deliver(
        json!([{"id": "1", "result": {"n": 1}}, {"id": 9, "result": 0}]),
        None
    ));
    assert!(peer.deliver(
        json!({"id": 0, "error": {"code": -5, "message": "no", "data": [1]}}),
        None
    ));
    assert_eq!(second.await.expect("ends"), Ok(json!({"n": 1})));
    let error = first.await.expect("ends").expect_err("refused");
    assert_eq!(error.to_string(), "Mcp error: -5: no([1])");
    for noise in [
        json!("x"),
        json!(null),
        json!({"a": 1}),
        json!({"id": 1}),
        json!([]),
    ] {
        assert!(!peer.deliver(noise, None));
    }
}

#[tokio::test]
async fn answers_of_a_wrong_shape_are_errors_of_their_calls() {
    let (peer, _sent) = peer();
    for (id, answer, told) in [
        (0, json!({"result": "ok"}), "the server's result is no object"),
        (1, json!({"result": [1]}), "the server's result is no object"),
        (2, json!({"error": "go away"}), "Mcp error: 0: go away"),
        (3, json!({"error": [1, 2]}), "Mcp error: 0: [1,2]"),
        (4, json!({"error": {"message": 7}}), "Mcp error: 0: "),
    ] {
        let request = peer.request("a", Map::new(), None);
        tokio::pin!(request);
        assert!(futures_util::poll!(&mut request).is_pending());
        let mut message = answer;
        message["id"] = json!(id);
        assert!(peer.deliver(message, None));
        assert_eq!(request.await.expect_err("an error").to_string(), told);
    }
}

#[tokio::test]
async fn who_waits_no_more_cancels_and_the_end_fails_all() {
    let (peer, mut sent) = peer();
    let waiting = tokio::spawn({
        let peer = peer.clone();
        async move { peer.request("a", Map::new(), None).await }
    });
    sent.recv().await.expect("a request");
    waiting.abort();
    let told = sent.recv().await.expect("a notification").message;
    assert_eq!(
        (&told["method"], &told["params"]["requestId"]),
        (&json!("notifications/cancelled"), &json!(0))
    );
    let request = peer.request("b", Map::new(), None);
    tokio::pin!(request);
    assert!(futures_util::poll!(&mut request).is_pending());
    peer.close("gone");
    assert_eq!(request.await, Err(CallError::Closed("gone".to_owned())));
    assert_eq!(
        peer.request("c", Map::new(), None).await,
        Err(CallError::Closed("gone".to_owned()))
    );
    assert_eq!(peer.closed().await, "gone");
}

#[tokio::test]
async fn questions_that_nobody_can_answer_are_declined() {
    let (peer, mut sent) = peer();
    for (method, answer) in [
        ("ping", json!({"result": {}})),
        ("roots/list", json!({"result": {"roots": []}})),
        ("elicitation/create", json!({"result": {"action": "decline"}})),
        (
            "sampling/createMessage",
            json!({"error": {"code": -32601, "message": "sampling/createMessage"}}),
        ),
    ] {
        peer.deliver(json!({"id": "q", "method": method, "params": {}}), None);
        let mut message = sent.recv().await.expect("an answer").message;
        let members = message.as_object_mut().expect("an object");
        members.remove("jsonrpc");
        assert_eq!(members.remove("id"), Some(json!("q")));
        assert_eq!(message, answer, "{method}");
    }
}

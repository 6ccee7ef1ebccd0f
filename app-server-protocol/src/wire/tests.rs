use super::*;
use proptest::prelude::*;

fn refused(line: &str) -> (Option<RequestId>, i64) {
    let e = decode(line.as_bytes()).unwrap_err();
    (e.id, e.error.code)
}

#[test]
fn a_request_keeps_its_id_and_the_text_of_its_params() {
    let line = br#"{"jsonrpc":"2.0","extra":[1],"id":"a\u0062","method":"thread/start","params":{ "cwd" : "/w" },"trace":{"traceparent":"00"}}"#;
    let Decoded { frame, dialect } = decode(line).unwrap();
    assert_eq!(dialect, Dialect::JsonRpc2);
    let Frame::Request {
        id,
        method,
        params,
        trace,
    } = frame
    else {
        panic!("{frame:?}")
    };
    assert_eq!(id, RequestId::String("ab".into()));
    assert_eq!(method, "thread/start");
    assert_eq!(params.unwrap().get(), r#"{ "cwd" : "/w" }"#);
    assert_eq!(trace.unwrap().get(), r#"{"traceparent":"00"}"#);
}

#[test]
fn null_params_count_as_absent() {
    let Frame::Notification { params, .. } = decode(br#"{"method":"initialized","params":null}"#)
        .unwrap()
        .frame
    else {
        panic!()
    };
    assert!(params.is_none());
}

#[test]
fn a_null_result_is_an_answer() {
    let Frame::Response { id, result } = decode(br#"{"id":7,"result":null}"#).unwrap().frame else {
        panic!()
    };
    assert_eq!((id, result.get()), (Some(RequestId::Integer(7)), "null"));
}

#[test]
fn an_error_of_any_shape_is_an_answer() {
    let Frame::Error { id, error } = decode(br#"{"id":7,"error":"no"}"#).unwrap().frame else {
        panic!()
    };
    assert_eq!(id, Some(RequestId::Integer(7)));
    assert_eq!(error.data, Some("no".into()));
    let Frame::Error { id, error } = decode(br#"{"id":null,"error":{"code":-1,"message":"m","more":1}}"#)
        .unwrap()
        .frame
    else {
        panic!()
    };
    assert_eq!((id, error), (None, ErrorObject::new(-1, "m")));
}

#[test]
fn what_is_not_json_is_a_parse_error_without_id() {
    for line in [
        "",
        " ",
        "{",
        "nul",
        r#"{"id":1,"method":"x"} y"#,
        r#"{"id":1,}"#,
        "[1,",
    ] {
        assert_eq!(refused(line), (None, PARSE_ERROR), "{line}");
    }
    assert_eq!(
        decode(b"{\"method\":\"\xff\"}").unwrap_err().error.code,
        PARSE_ERROR
    );
}

#[test]
fn what_is_no_request_is_refused_with_its_id_if_that_is_usable() {
    let id = |n| Some(RequestId::Integer(n));
    for (line, expected) in [
        ("[]", None),
        ("5", None),
        ("\"x\"", None),
        ("null", None),
        ("{}", None),
        (r#"{"id":13}"#, id(13)),
        (r#"{"id":13,"method":5}"#, id(13)),
        (r#"{"method":5}"#, None),
        (r#"{"id":7.5,"method":"x"}"#, None),
        (r#"{"id":null,"method":"x"}"#, None),
        (r#"{"id":99999999999999999999,"method":"x"}"#, None),
        (r#"{"id":[],"method":"x"}"#, None),
        (r#"{"id":13,"error":null}"#, id(13)),
    ] {
        assert_eq!(refused(line), (expected, INVALID_REQUEST), "{line}");
    }
}

#[test]
fn the_last_of_a_repeated_member_counts() {
    let Frame::Request { id, .. } = decode(br#"{"id":1,"id":2,"method":"x"}"#).unwrap().frame else {
        panic!()
    };
    assert_eq!(id, RequestId::Integer(2));
}

#[test]
fn frames_are_written_member_by_member() {
    let mut out = b"before".to_vec();
    encode_notification(
        &mut out,
        Dialect::Plain,
        "a/b",
        &serde_json::json!({"x": 1}),
        Some(5),
    )
    .unwrap();
    assert_eq!(out, br#"before{"method":"a/b","params":{"x":1},"emittedAtMs":5}"#);
    out.clear();
    encode_error(&mut out, Dialect::JsonRpc2, None, &ErrorObject::new(-1, "m")).unwrap();
    assert_eq!(
        out,
        br#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m"}}"#
    );
}

#[test]
fn a_frame_that_cannot_be_written_leaves_nothing_behind() {
    struct Bad;
    impl Serialize for Bad {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("bad"))
        }
    }
    let mut out = b"before".to_vec();
    assert!(encode_response(&mut out, Dialect::Plain, &RequestId::Integer(1), &Bad).is_err());
    assert_eq!(out, b"before");
}

fn ids() -> impl Strategy<Value = RequestId> {
    prop_oneof![
        any::<i64>().prop_map(RequestId::Integer),
        any::<String>().prop_map(RequestId::String)
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(decode(&line));
    }

    #[test]
    fn anything_that_looks_like_a_frame_is_read_or_refused(
        line in r#"\{("(id|method|params|result|error|jsonrpc|x)":(1|-1|1\.5|null|"a"|\{\}|\[\]|\{"code":1\}),?){0,5}\}"#
    ) {
        drop(decode(line.as_bytes()));
    }

    #[test]
    fn requests_come_back_as_written(id in ids(), method in any::<String>(), text in any::<String>(), v2 in any::<bool>()) {
        let dialect = if v2 { Dialect::JsonRpc2 } else { Dialect::Plain };
        let mut out = Vec::new();
        encode_request(&mut out, dialect, &id, &method, &text).unwrap();
        let decoded = decode(&out).unwrap();
        prop_assert_eq!(decoded.dialect, dialect);
        let Frame::Request { id: id2, method: method2, params, .. } = decoded.frame else { panic!() };
        prop_assert_eq!(id2, id);
        prop_assert_eq!(method2, method);
        prop_assert_eq!(serde_json::from_str::<String>(params.unwrap().get()).unwrap(), text);
    }
}

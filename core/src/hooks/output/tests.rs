use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What a hook that exits like this comes to.
fn exits(event: HookEvent, code: i32, output: &str, errors: &str) -> Verdict {
    let ended = Ended {
        ending: Ending::Exited(code),
        output: output.to_owned(),
        errors: errors.to_owned(),
    };
    Verdict::of(event, &ended)
}

/// What a hook that prints this comes to: its status, and its entries.
fn told(event: HookEvent, output: &str) -> (Status, Vec<(HookEntryKind, String)>) {
    summary(exits(event, 0, output, ""))
}

fn summary(verdict: Verdict) -> (Status, Vec<(HookEntryKind, String)>) {
    let entries = verdict.entries.into_iter().map(|entry| (entry.kind, entry.text));
    (verdict.status, entries.collect())
}

fn failed(why: &str) -> (Status, Vec<(HookEntryKind, String)>) {
    (Status::Failed, vec![(HookEntryKind::Error, why.to_owned())])
}

const NOTHING: (Status, Vec<(HookEntryKind, String)>) = (Status::Completed, Vec::new());

/// A `hookSpecificOutput` with these members.
fn details(event: HookEvent, mut members: Value) -> String {
    members["hookEventName"] = event.name().into();
    json!({"hookSpecificOutput": members}).to_string()
}

#[test]
fn output_that_says_nothing_changes_nothing() {
    for event in HookEvent::ALL {
        for silent in ["", " \n", "{}", "{\"systemMessage\":null}"] {
            assert_eq!(told(event, silent), NOTHING, "{event:?} {silent}");
        }
    }
    for event in [
        HookEvent::PreToolUse,
        HookEvent::PostToolUse,
        HookEvent::PermissionRequest,
    ] {
        for plain in [
            "words",
            "\"x\"",
            "null",
            "x\n{\"decision\":\"block\",\"reason\":\"r\"}",
        ] {
            assert_eq!(told(event, plain), NOTHING, "{event:?} {plain}");
        }
    }
}

#[test]
fn plain_text_is_context_where_a_prompt_or_a_thread_begins() {
    for event in [HookEvent::UserPromptSubmit, HookEvent::SessionStart] {
        let verdict = exits(event, 0, " words\n", "");
        assert_eq!(verdict.context.as_deref(), Some("words"));
        assert_eq!(summary(verdict).1, [(HookEntryKind::Context, "words".to_owned())]);
    }
    assert_eq!(
        told(HookEvent::Stop, "words"),
        failed("hook returned invalid stop hook JSON output")
    );
    assert_eq!(
        told(HookEvent::Interrupt, "words"),
        failed("Interrupt hook returned non-JSON stdout")
    );
}

#[test]
fn what_is_not_known_makes_output_invalid() {
    for (event, name) in [
        (HookEvent::PreToolUse, "pre-tool-use"),
        (HookEvent::PostToolUse, "post-tool-use"),
        (HookEvent::PermissionRequest, "permission-request"),
        (HookEvent::UserPromptSubmit, "user prompt submit"),
        (HookEvent::SessionStart, "session start"),
        (HookEvent::Stop, "stop hook"),
        (HookEvent::PreCompact, "PreCompact hook"),
        (HookEvent::PostCompact, "PostCompact hook"),
        (HookEvent::Interrupt, "interrupt hook"),
    ] {
        let invalid = failed(&format!("hook returned invalid {name} JSON output"));
        for bad in [
            "{bad",
            "[1]",
            "{\"new\":1}",
            "{\"systemMessage\":3}",
            "{\"decision\":\"foo\"}",
            "{\"hookSpecificOutput\":{\"additionalContext\":\"x\"}}",
            "{\"hookSpecificOutput\":{\"hookEventName\":\"Nope\"}}",
        ] {
            assert_eq!(told(event, bad), invalid, "{event:?} {bad}");
        }
    }
}

#[test]
fn a_hook_before_a_tool_forbids_it_or_changes_its_input() {
    let event = HookEvent::PreToolUse;
    let feedback = |text: &str| (Status::Blocked, vec![(HookEntryKind::Feedback, text.to_owned())]);
    let deny = details(
        event,
        json!({"permissionDecision": "deny", "permissionDecisionReason": " no "}),
    );
    assert_eq!(told(event, &deny), feedback("no"));
    assert_eq!(
        told(event, r#"{"decision":"block","reason":" r "}"#),
        feedback("r")
    );
    let verdict = exits(event, 2, "{\"systemMessage\":\"m\"}", " why \n");
    assert_eq!(verdict.blocked.as_deref(), Some("why"));
    assert_eq!(summary(verdict), feedback("why"));
    let updated =
        json!({"permissionDecision": "allow", "updatedInput": {"command": "x"}, "additionalContext": "c"});
    let verdict = exits(event, 0, &details(event, updated), "");
    assert_eq!(verdict.updated_input, Some(json!({"command": "x"})));
    assert_eq!(verdict.context.as_deref(), Some("c"));
    for (output, problem) in [
        (r#"{"continue":false}"#.to_owned(), "unsupported continue:false"),
        (r#"{"stopReason":"s"}"#.to_owned(), "unsupported stopReason"),
        (
            r#"{"suppressOutput":true}"#.to_owned(),
            "unsupported suppressOutput",
        ),
        (
            r#"{"decision":"approve","reason":"r"}"#.to_owned(),
            "unsupported decision:approve",
        ),
        (
            r#"{"decision":"block"}"#.to_owned(),
            "decision:block without a non-empty reason",
        ),
        (r#"{"reason":"r"}"#.to_owned(), "reason without decision"),
        (
            details(event, json!({"permissionDecision": "ask"})),
            "unsupported permissionDecision:ask",
        ),
        (
            details(event, json!({"permissionDecision": "allow"})),
            "unsupported permissionDecision:allow",
        ),
        (
            details(event, json!({"permissionDecision": "deny"})),
            "permissionDecision:deny without a non-empty permissionDecisionReason",
        ),
        (
            details(event, json!({"updatedInput": {"command": "x"}})),
            "updatedInput without permissionDecision:allow",
        ),
        (
            details(event, json!({"permissionDecisionReason": "x"})),
            "permissionDecisionReason without permissionDecision",
        ),
    ] {
        assert_eq!(
            told(event, &output),
            failed(&format!("PreToolUse hook returned {problem}")),
            "{output}"
        );
    }
}

#[test]
fn a_hook_after_a_tool_replaces_its_output() {
    let event = HookEvent::PostToolUse;
    assert_eq!(
        exits(event, 0, r#"{"decision":"block","reason":" r "}"#, "")
            .blocked
            .as_deref(),
        Some(" r ")
    );
    let verdict = exits(event, 0, r#"{"continue":false}"#, "");
    assert_eq!(
        verdict.stopped,
        Some(Some("PostToolUse hook stopped execution".to_owned()))
    );
    let both = r#"{"continue":false,"stopReason":"sr","systemMessage":"m","decision":"block","reason":"r"}"#;
    let verdict = exits(event, 0, both, "");
    assert_eq!(verdict.blocked.as_deref(), Some("r"));
    let entries = vec![
        (HookEntryKind::Warning, "m".to_owned()),
        (HookEntryKind::Stop, "sr".to_owned()),
    ];
    assert_eq!(summary(verdict), (Status::Stopped, entries));
    let updated = details(event, json!({"updatedMCPToolOutput": "x"}));
    assert_eq!(
        told(event, &updated),
        failed("PostToolUse hook returned unsupported updatedMCPToolOutput")
    );
}

#[test]
fn a_hook_decides_about_approvals() {
    let event = HookEvent::PermissionRequest;
    let decision = |decision: Value| exits(event, 0, &details(event, json!({"decision": decision})), "");
    assert!(decision(json!({"behavior": "allow", "message": "m"})).is_allowed);
    assert_eq!(
        decision(json!({"behavior": "deny", "message": "m"}))
            .blocked
            .as_deref(),
        Some("m")
    );
    let silent = decision(json!({"behavior": "deny"}));
    assert_eq!(
        silent.blocked.as_deref(),
        Some("PermissionRequest hook denied approval")
    );
    for (said, problem) in [
        (json!({"behavior": "allow", "updatedInput": {}}), "updatedInput"),
        (
            json!({"behavior": "allow", "updatedPermissions": []}),
            "updatedPermissions",
        ),
        (json!({"behavior": "deny", "interrupt": true}), "interrupt:true"),
    ] {
        let expected = failed(&format!("PermissionRequest hook returned unsupported {problem}"));
        assert_eq!(summary(decision(said)), expected);
    }
    assert_eq!(
        summary(decision(json!({"behavior": "ask"}))),
        failed("hook returned invalid permission-request JSON output")
    );
}

#[test]
fn hooks_end_what_they_may_end() {
    for event in [
        HookEvent::UserPromptSubmit,
        HookEvent::SessionStart,
        HookEvent::Stop,
    ] {
        let verdict = exits(event, 0, r#"{"continue":false,"stopReason":"s"}"#, "");
        assert_eq!(
            (verdict.status, verdict.stopped),
            (Status::Stopped, Some(Some("s".to_owned())))
        );
        assert_eq!(exits(event, 0, r#"{"continue":false}"#, "").stopped, Some(None));
    }
    let verdict = exits(HookEvent::PreCompact, 0, r#"{"continue":false}"#, "");
    assert_eq!(
        verdict.stopped,
        Some(Some("PreCompact hook stopped execution".to_owned()))
    );
    let agent = exits(HookEvent::SubagentStart, 0, r#"{"continue":false}"#, "");
    assert_eq!(agent, Verdict::default());
}

#[test]
fn exit_codes_are_told_apart() {
    for (event, what) in [
        (HookEvent::PreToolUse, "a blocking reason"),
        (HookEvent::PostToolUse, "feedback"),
        (HookEvent::PermissionRequest, "a denial reason"),
        (HookEvent::UserPromptSubmit, "a blocking reason"),
        (HookEvent::Stop, "a continuation prompt"),
    ] {
        let name = event.name();
        let why = format!("{name} hook exited with code 2 but did not write {what} to stderr");
        assert_eq!(summary(exits(event, 2, "x", " \n")), failed(&why));
        assert_eq!(exits(event, 2, "x", "why\n").blocked.as_deref(), Some("why"));
        assert_eq!(
            summary(exits(event, 1, "x", "why")),
            failed("hook exited with code 1")
        );
    }
    for event in [HookEvent::SessionStart, HookEvent::Interrupt] {
        assert_eq!(
            summary(exits(event, 2, "", "why")),
            failed("hook exited with code 2")
        );
    }
    for event in [
        HookEvent::PreCompact,
        HookEvent::PreModelRequest,
        HookEvent::SessionEnd,
    ] {
        assert_eq!(summary(exits(event, 3, "", "why\n")), failed("why"));
    }
    assert_eq!(
        summary(exits(HookEvent::PostCompact, 3, "", "")),
        failed("hook exited with code 3")
    );
    assert_eq!(
        summary(exits(HookEvent::PreModelRequest, 3, "", "")),
        (Status::Failed, Vec::new())
    );
    assert_eq!(
        summary(exits(HookEvent::PostModelRequest, 0, "words", "why\n")),
        (Status::Completed, vec![(HookEntryKind::Error, "why".to_owned())])
    );
    for output in [
        "words",
        "{\"systemMessage\":\"x\"}",
        "{\"continue\":false}",
        "{bad",
    ] {
        assert_eq!(
            told(HookEvent::SessionEnd, output),
            NOTHING,
            "nothing is left to change"
        );
    }
    let ended = |ending| Ended {
        ending,
        output: String::new(),
        errors: String::new(),
    };
    let of = |ending| summary(Verdict::of(HookEvent::Stop, &ended(ending)));
    assert_eq!(of(Ending::Signalled), failed("hook exited without a status code"));
    assert_eq!(of(Ending::TimedOut(7)), failed("hook timed out after 7s"));
    assert_eq!(
        summary(Verdict::of(HookEvent::PreModelRequest, &ended(Ending::Signalled))),
        (Status::Failed, Vec::new())
    );
}

proptest! {
    #[test]
    fn no_output_panics(output in "[{}\\[\\]:,\"a-z ]{0,60}", code in 0..4) {
        for event in HookEvent::ALL {
            exits(event, code, &output, &output);
        }
    }
}

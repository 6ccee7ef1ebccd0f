//! Verdicts by rules, wishes and switches. Plain commands are in `corpus`.

use std::sync::Arc;

use super::corpus::request;
use super::{CommandRequest, Confinement, ExecDecision, Question, Wish, rejected};
use crate::exec_policy::RuleSet;
use crate::exec_policy::store::{HomeRules, ThreadRules, read_projects};
use crate::{AdditionalPermissions, ApprovalPolicy, GranularApproval, SandboxPolicy, ThreadSettings};

fn rules(text: &str) -> ThreadRules {
    let project = tempfile::tempdir().expect("a folder");
    let folder = project.path().join(".codex/rules");
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join("a.rules"), text).expect("written");
    let (rules, problems) = read_projects(&[project.path().to_owned()]);
    assert!(problems.is_empty(), "{problems:?}");
    ThreadRules::new(HomeRules::new("/nonesuch/home".into(), None), rules)
}

fn none() -> ThreadRules {
    ThreadRules::new(HomeRules::new("/nonesuch/home".into(), None), RuleSet::default())
}

fn decide(request: &CommandRequest, rules: &ThreadRules) -> ExecDecision {
    request.assess(rules).decision
}

fn question(decision: ExecDecision) -> Question {
    match decision {
        ExecDecision::Ask(question) => question,
        other => panic!("not asked: {other:?}"),
    }
}

fn refusal(decision: ExecDecision) -> String {
    match decision {
        ExecDecision::Refuse(text) => text,
        other => panic!("not refused: {other:?}"),
    }
}

fn granular(sandbox_approval: bool, rules: bool) -> ApprovalPolicy {
    ApprovalPolicy::Granular(GranularApproval {
        sandbox_approval,
        rules,
        mcp_elicitations: false,
        skill_approval: false,
        request_permissions: false,
    })
}

fn with_policy(mut request: CommandRequest, approval_policy: ApprovalPolicy) -> CommandRequest {
    request.settings = Arc::new(ThreadSettings {
        approval_policy,
        ..(*request.settings).clone()
    });
    request
}

#[test]
fn rejections_read_as_clients_and_models_know_them() {
    assert_eq!(
        rejected("rejected by user"),
        r#"exec_command failed: CreateProcess { message: "Rejected(\"rejected by user\")" }"#
    );
}

#[test]
fn what_rules_allow_runs_outside_whatever_the_policy() {
    let rules = rules("prefix_rule(['touch'])\nprefix_rule(['ls'])");
    for policy in [
        "untrusted/sandbox",
        "on-request/sandbox",
        "on-request/none",
        "never/none",
        "never/full",
    ] {
        let decision = decide(&request(policy, "touch a && ls | ls 2>/dev/null"), &rules);
        assert_eq!(decision, ExecDecision::Run(Confinement::None), "{policy}");
    }
    let decision = decide(&request("on-request/sandbox", "touch a && mkdir b"), &rules);
    assert_eq!(
        decision,
        ExecDecision::Run(Confinement::Policy),
        "one part is not allowed"
    );
    let decision = decide(&request("on-request/sandbox", "X=1 touch a"), &rules);
    assert_eq!(
        decision,
        ExecDecision::Run(Confinement::Policy),
        "not only what is allowed"
    );
    let mut other = request("on-request/sandbox", "touch a");
    other.argv[0] = "/usr/bin/python3".into();
    assert_eq!(
        decide(&other, &rules),
        ExecDecision::Run(Confinement::Policy),
        "no shell"
    );
}

#[test]
fn the_strictest_part_of_a_script_decides() {
    let rules =
        rules("prefix_rule(['ls'])\nprefix_rule(['date'], 'prompt')\nprefix_rule(['id'], 'forbidden')");
    for script in [
        "ls; date",
        "ls $(date)",
        "if date; then ls; fi",
        "X=1 /opt/date > x",
        "date |",
    ] {
        let asked = question(decide(&request("on-request/full", script), &rules));
        assert!(
            asked
                .reason
                .is_some_and(|reason| reason.contains("requires approval")),
            "{script}"
        );
        assert_eq!(asked.proposed_rule, None, "{script}");
    }
    for script in ["ls; date; id", "ls $(id)", "./id", "date; echo `id -u`"] {
        let text = refusal(decide(&request("on-request/full", script), &rules));
        assert!(
            text.contains("policy forbids commands starting with"),
            "{script}: {text}"
        );
    }
    let granular_off = with_policy(request("on-request/full", "date"), granular(true, false));
    assert!(refusal(decide(&granular_off, &rules)).contains("Granular.rules is false"));
    assert!(refusal(decide(&request("never/full", "date"), &rules)).contains("is set to Never"));
}

#[test]
fn a_rule_allows_what_is_dangerous_only_if_it_says_so() {
    let broad = rules("prefix_rule(['rm'])\nprefix_rule(['xargs'])");
    for script in ["rm -rf a", "xargs rm -f", "rm a; rm -f b"] {
        question(decide(&request("on-request/full", script), &broad));
        refusal(decide(&request("never/full", script), &broad));
    }
    let run = ExecDecision::Run(Confinement::None);
    assert_eq!(decide(&request("never/full", "rm a"), &broad), run);
    let exact = rules("prefix_rule(['rm', '-rf', 'target'])\nprefix_rule(['ls'])");
    assert_eq!(decide(&request("never/full", "ls && rm -rf target"), &exact), run);
    question(decide(&request("on-request/full", "rm -rf other"), &exact));
}

#[test]
fn whoever_wants_to_leave_the_sandbox_is_asked_for() {
    let escalated = |policy| CommandRequest {
        wish: Wish::Escalated,
        ..request(policy, "touch a")
    };
    for policy in [
        "untrusted/sandbox",
        "on-request/sandbox",
        "on-request/none",
        "untrusted/full",
    ] {
        let asked = question(decide(&escalated(policy), &none()));
        assert_eq!(asked.confinement, Confinement::None, "{policy}");
        assert_eq!(
            asked.proposed_rule,
            Some(vec!["touch".into(), "a".into()]),
            "{policy}"
        );
    }
    let run = ExecDecision::Run(Confinement::Policy);
    assert_eq!(decide(&escalated("on-request/full"), &none()), run);
    let never = refusal(decide(&escalated("never/full"), &none()));
    assert!(
        never.starts_with("approval policy is Never; reject command"),
        "{never}"
    );
    let off = with_policy(escalated("on-request/sandbox"), granular(false, true));
    assert!(refusal(decide(&off, &none())).contains("Granular.sandbox_approval is false"));
    let on = with_policy(escalated("on-request/sandbox"), granular(true, true));
    question(decide(&on, &none()));
    // A safe command that wants out is no safe command.
    let mut safe = escalated("untrusted/sandbox");
    safe.argv[2] = "ls".into();
    question(decide(&safe, &none()));
    // Untrusted asks, and what was asked for runs in the sandbox, unless that lets nothing be written.
    let asked = question(decide(&request("untrusted/sandbox", "touch a"), &none()));
    assert_eq!(asked.confinement, Confinement::None);
    let mut writing = request("untrusted/sandbox", "touch a");
    let settings = ThreadSettings {
        sandbox_policy: SandboxPolicy::WorkspaceWrite {
            writable_roots: Vec::new(),
            network_access: false,
            exclude_tmpdir_env_var: false,
            exclude_slash_tmp: false,
        },
        ..(*writing.settings).clone()
    };
    writing.settings = settings.into();
    assert_eq!(
        question(decide(&writing, &none())).confinement,
        Confinement::Policy
    );
    let asked = question(decide(&request("untrusted/none", "touch a"), &none()));
    assert_eq!(asked.confinement, Confinement::None);
}

#[test]
fn more_permissions_are_asked_for_until_they_are_granted() {
    let wanted = AdditionalPermissions {
        write: vec!["/opt/a".into()],
        ..AdditionalPermissions::default()
    };
    let asks = |policy| CommandRequest {
        wish: Wish::Additional(wanted.clone()),
        ..request(policy, "touch a")
    };
    let asked = question(decide(&asks("on-request/sandbox"), &none()));
    assert_eq!(asked.confinement, Confinement::Policy);
    refusal(decide(&asks("never/sandbox"), &none()));
    let granted = |policy| CommandRequest {
        granted: AdditionalPermissions {
            write: vec!["/opt".into()],
            ..AdditionalPermissions::default()
        },
        ..asks(policy)
    };
    let run = ExecDecision::Run(Confinement::Policy);
    for policy in ["on-request/sandbox", "never/sandbox", "on-request/full"] {
        assert_eq!(decide(&granted(policy), &none()), run, "{policy}");
    }
}

#[test]
fn the_models_rule_is_proposed_if_it_allows_the_command() {
    let proposes = |script: &str, rule: &[&str]| {
        let asks = CommandRequest {
            wish: Wish::Escalated,
            prefix_rule: Some(rule.iter().map(ToString::to_string).collect()),
            ..request("on-request/sandbox", script)
        };
        question(decide(&asks, &none()))
            .proposed_rule
            .map(|words| words.join(" "))
    };
    let is = |words: &str| Some(words.to_owned());
    assert_eq!(proposes("touch a b", &["touch"]), is("touch"));
    assert_eq!(proposes("touch a && touch b", &["touch"]), is("touch"));
    assert_eq!(proposes("touch a && mkdir b", &["touch"]), is("touch a"));
    assert_eq!(proposes("touch a", &["mkdir"]), is("touch a"));
    assert_eq!(proposes("touch a", &[]), is("touch a"));
    assert_eq!(proposes("bash a", &["bash"]), is("bash a"));
    assert_eq!(
        proposes("touch a > b", &["touch"]),
        is("/bin/bash -lc touch a > b")
    );
    assert_eq!(proposes("rm a", &["rm"]), is("rm"));
    assert_eq!(proposes("rm a", &["rm", "-f"]), is("rm a"));
    assert_eq!(proposes("nonesuch-program a", &["nonesuch-program"]), None);
}

#[test]
fn what_needs_no_file_is_decided_at_once() {
    let at_once = |policy, script: &str| request(policy, script).assess_at_once(&none()).is_some();
    assert!(at_once("on-request/sandbox", "touch a") && at_once("never/full", "rm -rf a"));
    assert!(!at_once("on-request/none", "touch a"), "a rule may be proposed");
    assert!(
        !at_once("never/full", &format!("echo {}", "a".repeat(4096))),
        "long"
    );
    assert!(
        request("never/full", "ls")
            .assess_at_once(&rules("prefix_rule(['a'])"))
            .is_none()
    );
}

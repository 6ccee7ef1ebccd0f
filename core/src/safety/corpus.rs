//! Commands that agents really run, and such as try to slip through, with what is to become of them under each policy:
//! `corpus/commands.tsv`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CommandRequest, Confinement, ExecDecision, Wish};
use crate::exec_policy::RuleSet;
use crate::exec_policy::store::{HomeRules, ThreadRules};
use crate::{
    AdditionalPermissions, ApprovalPolicy, ApprovalsReviewer, ModeKind, SandboxPolicy, ThreadSettings,
};

const COMMANDS: &str = include_str!("corpus/commands.tsv");

/// A policy as the file names it: approval, sandbox policy, and whether there is a sandbox.
pub(super) fn request(policy: &str, script: &str) -> CommandRequest {
    let words: Vec<_> = policy.split('/').collect();
    let approval_policy = match words[0] {
        "untrusted" => ApprovalPolicy::Untrusted,
        "on-request" => ApprovalPolicy::OnRequest,
        "never" => ApprovalPolicy::Never,
        other => panic!("no policy {other}"),
    };
    let (sandbox_policy, sandbox) = match words[1] {
        "sandbox" => (SandboxPolicy::default(), true),
        "none" => (SandboxPolicy::default(), false),
        "full" => (SandboxPolicy::DangerFullAccess, true),
        other => panic!("no sandbox {other}"),
    };
    CommandRequest {
        argv: vec!["/bin/bash".into(), "-lc".into(), script.to_owned()],
        terminal: false,
        cwd: "/nonesuch/w".into(),
        wish: Wish::Default,
        prefix_rule: None,
        granted: AdditionalPermissions::default(),
        settings: Arc::new(settings(approval_policy, sandbox_policy)),
        sandbox,
        path: "/usr/bin:/bin".into(),
    }
}

fn settings(approval_policy: ApprovalPolicy, sandbox_policy: SandboxPolicy) -> ThreadSettings {
    ThreadSettings {
        model: "m".into(),
        model_provider: "p".into(),
        effort: None,
        summary: None,
        service_tier: None,
        cwd: "/nonesuch/w".into(),
        workspace_roots: vec!["/nonesuch/w".into()],
        has_environment: true,
        approval_policy,
        approvals_reviewer: ApprovalsReviewer::User,
        sandbox_policy,
        permission_profile: None,
        profile_rules: None,
        personality: None,
        collaboration_mode: ModeKind::Default,
        mode_instructions: None,
        disabled_plugin_ids: Vec::new(),
    }
}

fn word(decision: &ExecDecision) -> &'static str {
    match decision {
        ExecDecision::Run(Confinement::Policy) => "run",
        ExecDecision::Run(Confinement::ReadOnly) => "read-only",
        ExecDecision::Run(Confinement::None) => "outside",
        ExecDecision::Ask(_) => "ask",
        ExecDecision::Refuse(_) => "refuse",
    }
}

#[test]
fn every_command_gets_its_verdict_under_every_policy() {
    let rules = ThreadRules::new(HomeRules::new("/nonesuch/home".into(), None), RuleSet::default());
    let mut policies = Vec::new();
    let mut classes = BTreeMap::new();
    let mut mismatches = Vec::new();
    let (mut all, mut adversarial) = (0, 0);
    for line in COMMANDS
        .lines()
        .filter(|line| !(line.is_empty() || line.starts_with('#')))
    {
        let columns: Vec<_> = line.split('\t').collect();
        match columns[..] {
            ["policies", ref names @ ..] => policies = names.to_vec(),
            ["class", name, ref verdicts @ ..] => {
                assert_eq!(verdicts.len(), policies.len(), "{line}");
                classes.insert(name, verdicts.to_vec());
            }
            [class, kind, script] => {
                all += 1;
                adversarial += usize::from(kind == "adversarial");
                let script = script
                    .replace("\\n", "\n")
                    .replace("\\t", "\t")
                    .replace("\\0", "\u{a0}");
                let verdicts = classes.get(class).unwrap_or_else(|| panic!("no class: {line}"));
                let wrong: Vec<_> = policies
                    .iter()
                    .zip(verdicts)
                    .filter_map(|(policy, wanted)| {
                        let assessment = request(policy, &script).assess(&rules);
                        let got = word(&assessment.decision);
                        (got != *wanted).then(|| format!("{policy}: {got}, not {wanted}"))
                    })
                    .collect();
                if !wrong.is_empty() {
                    mismatches.push(format!("{class}: {script:?}: {}", wrong.join("; ")));
                }
            }
            _ => panic!("not a line of the corpus: {line:?}"),
        }
    }
    assert!(
        mismatches.is_empty(),
        "{} of {all}:\n{}",
        mismatches.len(),
        mismatches.join("\n")
    );
    assert!(
        all >= 300 && adversarial >= 80,
        "{all}, {adversarial} of them adversarial"
    );
}

//! Whether a command may run, and how (docs/contract/safety.md#policies).

use std::ffi::OsString;
use std::sync::Arc;

use super::command_actions::actions_of;
use super::shell::ShellScript;
use super::verdict::{Verdict, look};
use super::{ground, rejected};
use crate::exec_policy::programs::Programs;
use crate::exec_policy::store::ThreadRules;
use crate::exec_policy::{Decision, RuleMatch};
use crate::{AdditionalPermissions, ApprovalPolicy, CommandAction, SandboxPolicy, ThreadSettings};

/// Longest script, in bytes, that is looked at on the calling thread: a few hundred microseconds.
const SHORT: usize = 1024;

/// What holds a command in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Confinement {
    /// What the thread's sandbox policy says; nothing in full access and in a sandbox of others.
    Policy,
    /// The read-only sandbox without network, whatever the policy says.
    ReadOnly,
    /// Nothing: the user, or a rule of theirs, has allowed it.
    None,
}

/// What the model asks for beyond running the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Nothing.
    Default,
    /// To leave the sandbox.
    Escalated,
    /// More than the sandbox policy allows; never empty.
    Additional(AdditionalPermissions),
}

/// Whether a command may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExecDecision {
    /// It may, like this.
    Run(Confinement),
    /// If the user allows it.
    Ask(Question),
    /// It may not; the model is told why.
    Refuse(String),
}

/// What the user is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// Why, in the words of a rule. `None`: the model's justification says it.
    pub(crate) reason: Option<String>,
    /// First words of commands that could be allowed from now on.
    pub(crate) proposed_rule: Option<Vec<String>>,
    /// How the command runs if the user says yes.
    pub(crate) confinement: Confinement,
    /// Nobody may answer in the user's place.
    pub(crate) for_user: bool,
}

impl Question {
    /// About a command that needs no approval, for where everything is reviewed.
    pub(crate) fn unasked(confinement: Confinement) -> Self {
        Self {
            reason: None,
            proposed_rule: None,
            confinement,
            for_user: false,
        }
    }
}

/// A command that the model wants to run.
#[derive(Debug, Clone)]
pub(crate) struct CommandRequest {
    /// A shell, a flag and the script.
    pub(crate) argv: Vec<String>,
    /// It is to run in a terminal.
    pub(crate) terminal: bool,
    /// Working folder, absolute.
    pub(crate) cwd: std::path::PathBuf,
    /// Beyond running it.
    pub(crate) wish: Wish,
    /// The rule that the model proposes.
    pub(crate) prefix_rule: Option<Vec<String>>,
    /// What the user has granted already.
    pub(crate) granted: AdditionalPermissions,
    /// The turn's settings.
    pub(crate) settings: Arc<ThreadSettings>,
    /// Whether this system has a sandbox to run commands in.
    pub(crate) sandbox: bool,
    /// `PATH` of commands.
    pub(crate) path: OsString,
}

/// What is to be done with a command, and what it does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assessment {
    /// Whether it may run.
    pub(crate) decision: ExecDecision,
    /// What its parts do.
    pub(crate) actions: Vec<CommandAction>,
}

impl CommandRequest {
    /// Decides without looking at any file. `None`: a file must be looked at, or it takes long; see
    /// [`CommandRequest::assess`].
    pub(crate) fn assess_at_once(&self, rules: &ThreadRules) -> Option<Assessment> {
        if self.script().len() > SHORT || !rules.is_empty() {
            return None;
        }
        let assessment = self.assess_with(rules, &Programs::default());
        (!matches!(assessment.decision, ExecDecision::Ask(_))).then_some(assessment)
    }

    /// Decides. Asks the file system about programs, so it may block.
    pub(crate) fn assess(&self, rules: &ThreadRules) -> Assessment {
        self.assess_with(rules, &self.programs())
    }

    /// As [`CommandRequest::assess`], with nothing known about programs: no rule allows anything.
    pub(crate) fn assess_without_files(&self, rules: &ThreadRules) -> Assessment {
        self.assess_with(rules, &Programs::default())
    }

    /// Whether rules allow all of it. May block.
    pub(crate) fn is_allowed(&self, rules: &ThreadRules) -> bool {
        let script = ShellScript::parse(self.script());
        let verdict = look(
            &self.argv,
            &script,
            self.speaks_shell(),
            None,
            rules,
            &self.programs(),
        );
        verdict.allowed && !verdict.dangerous && verdict.restricted.is_none()
    }

    fn assess_with(&self, rules: &ThreadRules, programs: &Programs) -> Assessment {
        let script = ShellScript::parse(self.script());
        let prefix_rule = self.prefix_rule.as_deref();
        let verdict = look(
            &self.argv,
            &script,
            self.speaks_shell(),
            prefix_rule,
            rules,
            programs,
        );
        Assessment {
            decision: self.decide(verdict),
            actions: actions_of(&script, &self.cwd),
        }
    }

    fn decide(&self, verdict: Verdict) -> ExecDecision {
        let policy = &self.settings.approval_policy;
        if let Some(rule) = &verdict.restricted {
            return self.restricted(policy, rule);
        }
        if verdict.allowed && !verdict.dangerous {
            return ExecDecision::Run(Confinement::None);
        }
        if verdict.dangerous {
            return match policy {
                ApprovalPolicy::Never => ExecDecision::Refuse(rejected(&format!(
                    "`{}` rejected: rm -f style commands are not permitted. Use a safer approach",
                    self.line()
                ))),
                _ => self.ask(None, None),
            };
        }
        let proposal = verdict.proposal;
        let unlimited = self.is_unlimited();
        // Without a sandbox, to run a command at all is to run it outside of one.
        let leaves = match &self.wish {
            Wish::Escalated => true,
            Wish::Additional(wanted) => !wanted.is_within(&self.granted) || !self.sandbox,
            Wish::Default => !self.sandbox,
        };
        match policy {
            ApprovalPolicy::Untrusted if verdict.safe && self.sandbox && self.wish == Wish::Default => {
                ExecDecision::Run(Confinement::ReadOnly)
            }
            ApprovalPolicy::Untrusted => self.ask(None, proposal),
            ApprovalPolicy::Never if self.wish != Wish::Default && (leaves || self.wish == Wish::Escalated) => {
                ExecDecision::Refuse(
                    "approval policy is Never; reject command — you cannot ask for escalated permissions if the \
                     approval policy is Never"
                        .to_owned(),
                )
            }
            _ if unlimited || !leaves => ExecDecision::Run(Confinement::Policy),
            ApprovalPolicy::Never => ExecDecision::Refuse(rejected(
                "this system has no sandbox to run the command in, and the approval policy is Never, so nobody can \
                 be asked to allow it. Work without commands, or tell the user that they need another approval \
                 policy or full access",
            )),
            ApprovalPolicy::Granular(granular) if !granular.sandbox_approval => ExecDecision::Refuse(rejected(
                "approval required by policy, but AskForApproval::Granular.sandbox_approval is false",
            )),
            ApprovalPolicy::Granular(_) | ApprovalPolicy::OnRequest => self.ask(None, proposal),
        }
    }

    /// A rule asks or forbids.
    fn restricted(&self, policy: &ApprovalPolicy, rule: &RuleMatch) -> ExecDecision {
        let line = self.line();
        let source = rule.source.as_ref();
        let source = source.map_or_else(String::new, |file| format!(" (demanded by {})", file.display()));
        if rule.decision == Decision::Forbidden {
            let why = match &rule.justification {
                Some(why) => why.clone(),
                None => format!("policy forbids commands starting with `{}`", joined(&rule.prefix)),
            };
            return ExecDecision::Refuse(rejected(&format!("`{line}` rejected: {why}{source}")));
        }
        match policy {
            ApprovalPolicy::Never => ExecDecision::Refuse(rejected(
                "approval required by policy, but AskForApproval is set to Never",
            )),
            ApprovalPolicy::Granular(granular) if !granular.rules => ExecDecision::Refuse(rejected(
                "approval required by policy rule, but AskForApproval::Granular.rules is false",
            )),
            _ => {
                let reason = match &rule.justification {
                    Some(why) => format!("`{line}` requires approval: {why}{source}"),
                    None => format!("`{line}` requires approval by policy{source}"),
                };
                let for_user = rule.decision == Decision::PromptUser;
                self.ask_of(for_user, Some(reason), None)
            }
        }
    }

    fn ask(&self, reason: Option<String>, proposed_rule: Option<Vec<String>>) -> ExecDecision {
        self.ask_of(false, reason, proposed_rule)
    }

    fn ask_of(
        &self,
        for_user: bool,
        reason: Option<String>,
        proposed_rule: Option<Vec<String>>,
    ) -> ExecDecision {
        // What a user allows who allows nothing by default is to work: in a sandbox in which nothing can be written it
        // could not. `codex app-server` does the same.
        let is_allowed_whole = matches!(self.settings.sandbox_policy, SandboxPolicy::ReadOnly { .. })
            && self.wish == Wish::Default;
        let confinement = if self.wish == Wish::Escalated || is_allowed_whole || !self.sandbox {
            Confinement::None
        } else {
            Confinement::Policy
        };
        ExecDecision::Ask(Question {
            reason,
            proposed_rule,
            confinement,
            for_user,
        })
    }

    /// Whether the policy limits nothing.
    fn is_unlimited(&self) -> bool {
        match self.settings.sandbox_policy {
            SandboxPolicy::DangerFullAccess | SandboxPolicy::ExternalSandbox { .. } => true,
            SandboxPolicy::ReadOnly { .. } | SandboxPolicy::WorkspaceWrite { .. } => false,
        }
    }

    /// Whether the shell speaks the language that scripts are read as.
    fn speaks_shell(&self) -> bool {
        let name = self
            .argv
            .first()
            .map(|shell| shell.rsplit('/').next().unwrap_or_default());
        matches!(name, Some("bash" | "sh" | "zsh" | "dash"))
    }

    /// The script.
    pub(crate) fn script(&self) -> &str {
        self.argv.last().map_or("", String::as_str)
    }

    /// The command as one line that a shell would split into it again.
    fn line(&self) -> String {
        joined(&self.argv)
    }

    fn programs(&self) -> Programs {
        let shell = self.argv.first().map(std::path::PathBuf::from);
        let files: Vec<_> = ground::start_files(&self.argv).into_iter().chain(shell).collect();
        Programs::new(self.path.clone(), &ground::folders(&self.settings), &files)
    }
}

fn joined(words: &[String]) -> String {
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

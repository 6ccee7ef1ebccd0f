//! What is known of a command before it is decided about.

use super::dangerous::{are_dangerous, is_dangerous};
use super::safe::are_safe;
use super::shell::ShellScript;
use crate::exec_policy::programs::{Programs, says_too_little};
use crate::exec_policy::store::ThreadRules;
use crate::exec_policy::{Decision, RuleMatch, RuleSet};

/// Longest proposed rule, in bytes.
const MAX_PROPOSAL: usize = 64 * 1024;

/// What is known of a command.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The rule that asks or forbids, if there is one: the strictest.
    pub(super) restricted: Option<RuleMatch>,
    /// Every part is allowed by a rule.
    pub(super) allowed: bool,
    /// Some part destroys what nobody can bring back, and no rule allows just that.
    pub(super) dangerous: bool,
    /// Every part is known to be safe.
    pub(super) safe: bool,
    /// What would be allowed in future, if the user wants it so.
    pub(super) proposal: Option<Vec<String>>,
}

/// Looks at a command. `argv` is a shell with a flag and the script. `speaks_shell`: the shell is one whose language
/// is known. `prefix_rule`: the rule that the model proposes. Asks the file system about programs if there are rules,
/// or a proposal is wanted.
pub(super) fn look(
    argv: &[String],
    script: &ShellScript<'_>,
    speaks_shell: bool,
    prefix_rule: Option<&[String]>,
    rules: &ThreadRules,
    programs: &Programs,
) -> Verdict {
    let plain = script.plain().filter(|_| speaks_shell);
    let parts: Vec<&[String]> = match &plain {
        Some(plain) => plain.commands.iter().map(|command| &*command.words).collect(),
        None => vec![argv],
    };
    let judged: Vec<_> = parts
        .iter()
        .map(|words| rules.judge(words, programs, None))
        .collect();
    let allows = |found: &Option<RuleMatch>| {
        found
            .as_ref()
            .is_some_and(|found| found.decision == Decision::Allow)
    };
    let allowed = judged.iter().all(allows);
    let restricted = if rules.is_empty() {
        None
    } else {
        strictest(argv, script, &judged, rules, programs)
    };
    // A rule for `rm` says nothing of `rm -rf`; a rule for `rm -rf` does.
    let knowingly = || {
        let mut dangerous = parts
            .iter()
            .zip(&judged)
            .filter(|(words, _)| are_dangerous(words))
            .peekable();
        dangerous.peek().is_some()
            && dangerous.all(|(_, found)| found.as_ref().is_some_and(|found| are_dangerous(&found.prefix)))
    };
    let dangerous = is_dangerous(script) && !(allowed && knowingly());
    let proposal = (restricted.is_none() && !dangerous)
        .then(|| proposal(&parts, plain.is_some(), &judged, prefix_rule, rules, programs))
        .flatten();
    Verdict {
        restricted,
        allowed,
        dangerous,
        safe: plain.is_some_and(|plain| are_safe(&plain.commands)),
        proposal,
    }
}

/// The strictest rule that asks or forbids: about a part, the whole, or a command anywhere in the script.
fn strictest(
    argv: &[String],
    script: &ShellScript<'_>,
    judged: &[Option<RuleMatch>],
    rules: &ThreadRules,
    programs: &Programs,
) -> Option<RuleMatch> {
    let inner = script.scan().commands.into_iter().filter_map(|words| {
        let words: Vec<_> = words.into_iter().map(|word| word.text).collect();
        rules.judge(&words, programs, None)
    });
    judged
        .iter()
        .cloned()
        .chain([rules.judge(argv, programs, None)])
        .flatten()
        .chain(inner)
        .filter(|found| found.decision > Decision::Allow)
        .max_by_key(|found| found.decision)
}

/// A rule that would have effect: the model's, if it allows everything, else one for the first part that no rule allows.
fn proposal(
    parts: &[&[String]],
    is_plain: bool,
    judged: &[Option<RuleMatch>],
    prefix_rule: Option<&[String]>,
    rules: &ThreadRules,
    programs: &Programs,
) -> Option<Vec<String>> {
    let allows = |rule: &[String], words: &[String]| {
        let Some(rule) = RuleSet::allowing(rule) else {
            return false;
        };
        let found = rules.judge(words, programs, Some(&rule));
        found.is_some_and(|found| found.decision == Decision::Allow)
    };
    let is_fit = |rule: &[String]| {
        let bytes: usize = rule.iter().map(String::len).sum();
        bytes <= MAX_PROPOSAL && !says_too_little(rule) && !are_dangerous(rule)
    };
    if let Some(rule) = prefix_rule
        && is_plain
        && is_fit(rule)
        && parts.iter().all(|words| allows(rule, words))
    {
        return Some(rule.to_vec());
    }
    let (words, _) = parts.iter().zip(judged).find(|(_, found)| found.is_none())?;
    (is_fit(words) && allows(words, words)).then(|| words.to_vec())
}

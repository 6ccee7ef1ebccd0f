//! Rules about commands, as users write them (docs/contract/safety.md#rules).
//!
//! Where to look: [`RuleSet`] (rules, and what they say of a command), `parse` (the language of `*.rules`), [`store`]
//! (where the files are, and what is appended to them), [`programs`] (which programs a name stands for).

mod parse;
pub(crate) mod programs;
mod report;
pub(crate) mod store;

use std::path::Path;
use std::sync::Arc;

pub use self::report::RulesProblem;
pub(crate) use self::report::report;

use self::programs::Programs;
use crate::config::{RequiredDecision, RequiredRule, Requirements};

/// What a rule says. The greater one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Decision {
    /// It may run, outside of the sandbox.
    Allow,
    /// The user is asked, or who decides in their place.
    Prompt,
    /// The user is asked. Only administrators can say so.
    PromptUser,
    /// It never runs.
    Forbidden,
}

/// `prefix_rule(…)`: what holds for commands that begin with some words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PrefixRule {
    /// For each word, what it may be. Neither list is empty.
    pattern: Vec<Vec<String>>,
    decision: Decision,
    justification: Option<String>,
    /// The administrator's file that it comes from.
    source: Option<Arc<Path>>,
}

impl PrefixRule {
    /// Allows what begins with these words. `None`: there are none.
    pub(crate) fn allow(words: &[String]) -> Option<Self> {
        let pattern: Vec<_> = words.iter().map(|word| vec![word.clone()]).collect();
        (!pattern.is_empty()).then_some(Self {
            pattern,
            decision: Decision::Allow,
            justification: None,
            source: None,
        })
    }

    /// Whether the words but the first begin as the rule says.
    fn fits_arguments(&self, words: &[String]) -> bool {
        words.len() >= self.pattern.len()
            && self
                .pattern
                .iter()
                .zip(words)
                .skip(1)
                .all(|(either, word)| either.contains(word))
    }

    /// Whether a command begins as the rule says, by its words alone.
    fn fits(&self, words: &[String]) -> bool {
        self.fits_arguments(words) && words.first().is_some_and(|first| self.pattern[0].contains(first))
    }
}

/// `host_executable(…)`: the files that a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct HostExecutable {
    name: String,
    /// Absolute.
    paths: Vec<String>,
}

/// `network_rule(…)`: what holds for connections to a host. It is for a proxy that commands are made to use, and says
/// nothing of commands themselves; there is no such proxy, so it is checked and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NetworkRule {
    /// Name or address, perhaps with a port.
    pub(crate) host: String,
    /// How it is connected to.
    pub(crate) protocol: NetworkProtocol,
    /// What to do.
    pub(crate) decision: Decision,
    /// Why.
    pub(crate) justification: Option<String>,
}

/// How a host is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NetworkProtocol {
    /// `http`
    Http,
    /// `https`
    Https,
    /// `socks5_tcp`
    Socks5Tcp,
    /// `socks5_udp`
    Socks5Udp,
}

/// The rules of some files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RuleSet {
    prefixes: Vec<PrefixRule>,
    executables: Vec<HostExecutable>,
    network: Vec<NetworkRule>,
}

/// What the rules say of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleMatch {
    /// The strictest decision.
    pub(crate) decision: Decision,
    /// Why, in the rule's words.
    pub(crate) justification: Option<String>,
    /// The words that the rule was about: the longest that have this decision.
    pub(crate) prefix: Vec<String>,
    /// The administrator's file that the rule comes from, if it does.
    pub(crate) source: Option<Arc<Path>>,
}

impl RuleSet {
    /// What an administrator demands of commands.
    pub(crate) fn required(requirements: &Requirements) -> Self {
        let Some((rules, file)) = requirements.command_rules() else {
            return Self::default();
        };
        let source: Arc<Path> = file.into();
        let rule = |rule: &RequiredRule| PrefixRule {
            pattern: rule.pattern.clone(),
            decision: match rule.decision {
                RequiredDecision::Prompt => Decision::Prompt,
                RequiredDecision::PromptUser => Decision::PromptUser,
                RequiredDecision::Forbidden => Decision::Forbidden,
            },
            justification: rule.justification.clone(),
            source: Some(Arc::clone(&source)),
        };
        Self {
            prefixes: rules.iter().map(rule).collect(),
            ..Self::default()
        }
    }

    /// The same, from an administrator's file.
    fn demanded_by(mut self, file: &Path) -> Self {
        let source: Arc<Path> = file.into();
        for rule in &mut self.prefixes {
            rule.source = Some(Arc::clone(&source));
        }
        self
    }

    /// Whether it has no rule about commands.
    pub(crate) fn is_empty(&self) -> bool {
        self.prefixes.is_empty()
    }

    /// Adds the rules of another set.
    fn extend(&mut self, other: Self) {
        self.prefixes.extend(other.prefixes);
        self.executables.extend(other.executables);
        self.network.extend(other.network);
    }

    /// Adds a rule, unless it is there.
    fn add(&mut self, rule: PrefixRule) {
        if !self.prefixes.contains(&rule) {
            self.prefixes.push(rule);
        }
    }

    fn contains(&self, rule: &PrefixRule) -> bool {
        self.prefixes.contains(rule)
    }

    /// Of a file that can't be read to its end: what forbids and asks still holds, what allows doesn't.
    fn without_allowances(mut self) -> Self {
        self.prefixes.retain(|rule| rule.decision != Decision::Allow);
        self.network.retain(|rule| rule.decision != Decision::Allow);
        self
    }

    /// The files that a name stands for, if a rule says so.
    fn paths_of(&self, name: &str) -> Option<Vec<&str>> {
        let paths: Vec<_> = self
            .executables
            .iter()
            .filter(|executable| executable.name == name)
            .flat_map(|executable| executable.paths.iter().map(String::as_str))
            .collect();
        (!paths.is_empty()).then_some(paths)
    }
}

/// What all these rules say of a command; of two that say the same, the first counts. Asks the file system about programs;
/// call it where that is allowed.
///
/// What forbids or asks holds for a program by its base name, wherever it lies. What allows holds for the program that
/// the user means only: see [`Programs`].
pub(crate) fn judge(sets: &[&RuleSet], words: &[String], programs: &Programs) -> Option<RuleMatch> {
    let program = words.first()?;
    let name = program.rsplit('/').next().unwrap_or_default();
    let mut found: Option<RuleMatch> = None;
    for rule in sets.iter().flat_map(|set| &set.prefixes) {
        if !rule.fits_arguments(words) {
            continue;
        }
        let first = &rule.pattern[0];
        let by_path = first.contains(program);
        if !(by_path || first.iter().any(|first| first == name)) {
            continue;
        }
        let better = |old: &RuleMatch| (rule.decision, rule.pattern.len()) > (old.decision, old.prefix.len());
        if !found.as_ref().is_none_or(better) {
            continue;
        }
        if rule.decision == Decision::Allow {
            let listed = sets.iter().find_map(|set| set.paths_of(name));
            if !programs.is_meant(program, by_path, listed.as_deref()) {
                continue;
            }
        }
        found = Some(RuleMatch {
            decision: rule.decision,
            justification: rule.justification.clone(),
            prefix: words[..rule.pattern.len()].to_vec(),
            source: rule.source.clone(),
        });
    }
    found
}

//! `[rules]` of `requirements.toml`: what holds for commands, whatever the user's rules allow.

use serde::Deserialize;

/// What an administrator demands of commands that begin with some words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredRule {
    /// For each word, what it may be. Neither list is empty, and no word is.
    pub pattern: Vec<Vec<String>>,
    /// What is demanded.
    pub decision: RequiredDecision,
    /// Why, if that is said.
    pub justification: Option<String>,
}

/// What is demanded of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredDecision {
    /// Somebody is asked.
    Prompt,
    /// The user is asked, and nobody in their place.
    PromptUser,
    /// It never runs.
    Forbidden,
}

/// As written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct RulesToml {
    prefix_rules: Vec<PrefixRuleToml>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct PrefixRuleToml {
    pattern: Vec<TokenToml>,
    decision: Option<DecisionToml>,
    justification: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct TokenToml {
    token: Option<String>,
    any_of: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DecisionToml {
    Allow,
    Prompt,
    PromptUser,
    Forbidden,
}

impl RulesToml {
    /// The rules. The error says which one is wrong: what it demands is not known.
    pub(super) fn rules(&self) -> Result<Vec<RequiredRule>, String> {
        if self.prefix_rules.is_empty() {
            return Err("`rules.prefix_rules` must not be empty".to_owned());
        }
        let numbered = self.prefix_rules.iter().enumerate();
        numbered
            .map(|(at, rule)| {
                rule.rule()
                    .map_err(|wrong| format!("`rules.prefix_rules[{at}]`: {wrong}"))
            })
            .collect()
    }
}

impl PrefixRuleToml {
    fn rule(&self) -> Result<RequiredRule, String> {
        if self.pattern.is_empty() {
            return Err("`pattern` must not be empty".to_owned());
        }
        let numbered = self.pattern.iter().enumerate();
        let pattern = numbered
            .map(|(at, token)| token.words().map_err(|wrong| format!("`pattern[{at}]`: {wrong}")))
            .collect::<Result<_, _>>()?;
        let decision = match self.decision {
            None => return Err("`decision` is missing".to_owned()),
            Some(DecisionToml::Allow) => {
                return Err(
                    "`allow` can't be demanded, because the strictest rule holds: there are `prompt`, `prompt-user` and \
                     `forbidden`"
                        .to_owned(),
                );
            }
            Some(DecisionToml::Prompt) => RequiredDecision::Prompt,
            Some(DecisionToml::PromptUser) => RequiredDecision::PromptUser,
            Some(DecisionToml::Forbidden) => RequiredDecision::Forbidden,
        };
        if self
            .justification
            .as_ref()
            .is_some_and(|why| why.trim().is_empty())
        {
            return Err("`justification` must say something".to_owned());
        }
        Ok(RequiredRule {
            pattern,
            decision,
            justification: self.justification.clone(),
        })
    }
}

impl TokenToml {
    /// What the word may be.
    fn words(&self) -> Result<Vec<String>, String> {
        let words = match (&self.token, &self.any_of) {
            (Some(word), None) => vec![word.clone()],
            (None, Some(words)) => words.clone(),
            (Some(_), Some(_)) => return Err("either `token` or `any_of`, not both".to_owned()),
            (None, None) => return Err("`token` or `any_of` is missing".to_owned()),
        };
        if words.is_empty() || words.iter().any(String::is_empty) {
            return Err("a word must not be empty, nor a list of them".to_owned());
        }
        Ok(words)
    }
}

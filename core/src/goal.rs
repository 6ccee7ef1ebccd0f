//! What a thread is to reach (docs/contract/threads.md#goals).

use serde::{Deserialize, Serialize};

use crate::{Error, Result, ThreadId};

/// Longest objective, in characters.
const MAX_OBJECTIVE: usize = 4000;

/// What a thread is to reach, and what has been spent on it. Its JSON is what the users' database and rollout files keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Goal {
    /// The thread.
    pub thread_id: String,
    /// What is to be reached; at most 4,000 characters.
    pub objective: String,
    /// How it stands.
    pub status: GoalStatus,
    /// Tokens that may be spent on it; `None` is no limit.
    #[serde(default)]
    pub token_budget: Option<i64>,
    /// Tokens spent on it: input that no cache had, and output.
    #[serde(default)]
    pub tokens_used: i64,
    /// Time of turns spent on it, in seconds.
    #[serde(default)]
    pub time_used_seconds: i64,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// How a goal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GoalStatus {
    /// It is worked on.
    Active,
    /// It rests.
    Paused,
    /// The agent can't go on alone.
    Blocked,
    /// The account's limit is reached.
    UsageLimited,
    /// Its budget is spent.
    BudgetLimited,
    /// It is reached.
    Complete,
}

/// A change of a goal; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoalPatch {
    /// What is to be reached.
    pub objective: Option<String>,
    /// How it stands.
    pub status: Option<GoalStatus>,
    /// `Some(None)` lifts the limit.
    pub token_budget: Option<Option<i64>>,
}

impl Goal {
    /// A goal that begins now, at `now` in Unix seconds.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an objective or a budget that makes no sense.
    pub fn new(thread: ThreadId, objective: &str, token_budget: Option<i64>, now: i64) -> Result<Self> {
        check_budget(token_budget)?;
        Ok(Self {
            thread_id: thread.to_string(),
            objective: checked_objective(objective)?.to_owned(),
            status: GoalStatus::Active,
            token_budget,
            tokens_used: 0,
            time_used_seconds: 0,
            created_at: now,
            updated_at: now,
        })
    }

    /// The goal after a change by the user, at `now` in Unix seconds. A change that names an objective makes a goal where
    /// there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for values that make no sense, and where there is no goal that could be changed.
    pub fn patched(current: Option<&Self>, thread: ThreadId, patch: &GoalPatch, now: i64) -> Result<Self> {
        let objective = patch.objective.as_deref().map(checked_objective).transpose()?;
        check_budget(patch.token_budget.flatten())?;
        let mut goal = match (current, objective) {
            (Some(goal), _) => goal.clone(),
            (None, Some(objective)) => Self::new(thread, objective, None, now)?,
            (None, None) => {
                return Err(Error::invalid(format!(
                    "cannot update goal for thread {thread}: no goal exists"
                )));
            }
        };
        if let Some(objective) = objective {
            objective.clone_into(&mut goal.objective);
        }
        if let Some(status) = patch.status {
            goal.set_status(status);
        }
        goal.token_budget = patch.token_budget.unwrap_or(goal.token_budget);
        goal.updated_at = now;
        goal.heed_budget();
        Ok(goal)
    }

    /// The goal with a budget of at most so many tokens: one without a budget gets that.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a budget that is larger.
    pub(crate) fn within(mut self, max: Option<i64>) -> Result<Self> {
        let Some(max) = max else { return Ok(self) };
        match self.token_budget {
            Some(budget) if budget > max => Err(Error::invalid(format!(
                "goal token budget {budget} exceeds the maximum allowed goal token budget of {max}"
            ))),
            Some(_) => Ok(self),
            None => {
                self.token_budget = Some(max);
                self.heed_budget();
                Ok(self)
            }
        }
    }

    /// Whether it is worked on.
    pub fn is_active(&self) -> bool {
        self.status == GoalStatus::Active
    }

    /// Whether turns count as spent on it: it is worked on, or its budget is spent and the user goes on.
    pub(crate) fn is_counted(&self) -> bool {
        matches!(self.status, GoalStatus::Active | GoalStatus::BudgetLimited)
    }

    /// Says how it stands. One that has spent its budget can't rest: it says so until it is worked on again or over.
    pub(crate) fn set_status(&mut self, status: GoalStatus) {
        let rests = matches!(status, GoalStatus::Paused | GoalStatus::Blocked);
        if !(rests && self.status == GoalStatus::BudgetLimited) {
            self.status = status;
        }
    }

    /// Tokens that are left of its budget, if it has one.
    pub fn remaining_tokens(&self) -> Option<i64> {
        Some(self.token_budget?.saturating_sub(self.tokens_used).max(0))
    }

    /// A goal that has spent its budget is not worked on.
    pub(crate) fn heed_budget(&mut self) {
        if self.is_active() && self.remaining_tokens() == Some(0) {
            self.status = GoalStatus::BudgetLimited;
        }
    }

    /// As the history and the database keep it.
    pub(crate) fn to_value(&self) -> serde_json::Value {
        // A structure of texts and numbers is always JSON.
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn checked_objective(text: &str) -> Result<&str> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::invalid("goal objective must not be empty"));
    }
    if text.chars().count() > MAX_OBJECTIVE {
        return Err(Error::invalid("goal objective must be at most 4000 characters"));
    }
    Ok(text)
}

fn check_budget(budget: Option<i64>) -> Result<()> {
    if budget.is_some_and(|budget| budget <= 0) {
        return Err(Error::invalid("goal budgets must be positive when provided"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread() -> ThreadId {
        ThreadId::new()
    }

    #[test]
    fn a_goal_whose_budget_is_spent_is_not_made_active() {
        let mut goal = Goal::new(thread(), "x", None, 1).unwrap();
        goal.tokens_used = 30;
        let patch = |status, budget| GoalPatch {
            status,
            token_budget: Some(budget),
            objective: None,
        };
        let limited = Goal::patched(
            Some(&goal),
            thread(),
            &patch(Some(GoalStatus::Active), Some(10)),
            2,
        );
        let limited = limited.unwrap();
        assert_eq!(limited.status, GoalStatus::BudgetLimited);
        let still = Goal::patched(Some(&limited), thread(), &patch(None, None), 3).unwrap();
        assert_eq!(
            still.status,
            GoalStatus::BudgetLimited,
            "only the user's word makes it active"
        );
        let rests = Goal::patched(
            Some(&still),
            thread(),
            &patch(Some(GoalStatus::Paused), Some(31)),
            4,
        );
        assert_eq!(rests.unwrap().status, GoalStatus::BudgetLimited);
        let again = Goal::patched(
            Some(&still),
            thread(),
            &patch(Some(GoalStatus::Active), Some(31)),
            4,
        );
        assert!(again.unwrap().is_active());
    }

    #[test]
    fn its_json_is_that_of_older_versions() {
        let json = r#"{"threadId":"t","createdAt":1,"objective":"x","status":"usageLimited","timeUsedSeconds":3,"tokensUsed":2,"updatedAt":4,"tokenBudget":null}"#;
        let goal: Goal = serde_json::from_str(json).unwrap();
        assert_eq!(
            (goal.status, goal.tokens_used, goal.token_budget),
            (GoalStatus::UsageLimited, 2, None)
        );
        assert_eq!(serde_json::from_value::<Goal>(goal.to_value()).unwrap(), goal);
    }
}

//! `get_goal`, `create_goal`, `update_goal`: the thread's goal (docs/contract/tools.md#goals).

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{CallContext, Tool, ToolCall, ToolEnd, arguments};
use crate::{Goal, GoalStatus, Result, instructions};

/// Tells the goal.
#[derive(Debug)]
pub(crate) struct GetGoal;

/// Sets a goal where there is none.
#[derive(Debug)]
pub(crate) struct CreateGoal;

/// Says how the goal stands.
#[derive(Debug)]
pub(crate) struct UpdateGoal;

#[derive(Debug, Deserialize)]
struct CreateArguments {
    objective: String,
    #[serde(default)]
    token_budget: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct UpdateArguments {
    status: GoalStatus,
}

impl Tool for GetGoal {
    fn name(&self) -> &'static str {
        "get_goal"
    }

    fn spec(&self) -> Value {
        spec(
            self.name(),
            "Tells the goal of this thread: its objective and status, the tokens and seconds spent on it, and what is left of \
             its budget.",
            &json!({}),
            &[],
        )
    }

    fn run(&self, cx: CallContext, _call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move { output(&cx, cx.goals.goal().await) }.boxed()
    }
}

impl Tool for CreateGoal {
    fn name(&self) -> &'static str {
        "create_goal"
    }

    fn spec(&self) -> Value {
        spec(
            self.name(),
            "Sets a goal for this thread. While it is active, turns begin by themselves until it is reached. Use it only when \
             the user asks for a goal, or for work to go on until something is reached; not for ordinary tasks. Refused while \
             an earlier goal is not complete.",
            &json!({
                "objective": {
                    "type": "string",
                    "description": "What is to be true at the end, so that it can be checked. 4,000 characters at most.",
                },
                "token_budget": {
                    "type": "integer",
                    "description": "Tokens that may be spent on it. Only if the user names a number.",
                },
            }),
            &["objective"],
        )
    }

    fn runs_alone(&self) -> bool {
        true
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            match arguments::<CreateArguments>(&call) {
                Ok(CreateArguments {
                    objective,
                    token_budget,
                }) => output(&cx, cx.goals.create(&objective, token_budget).await.map(Some)),
                Err(end) => end,
            }
        }
        .boxed()
    }
}

impl Tool for UpdateGoal {
    fn name(&self) -> &'static str {
        "update_goal"
    }

    fn spec(&self) -> Value {
        spec(
            self.name(),
            "Says how the goal of this thread stands, which ends the turns that begin by themselves. `complete`: every part of \
             the objective is reached, and you have checked it. `blocked`: only the user, or something out of your reach, can \
             help; not merely because the work is hard or long. `paused`: the user asked for it.",
            &json!({
                "status": {
                    "type": "string",
                    "enum": ["complete", "blocked", "paused"],
                    "description": "How the goal stands.",
                },
            }),
            &["status"],
        )
    }

    fn runs_alone(&self) -> bool {
        true
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            let status = match arguments::<UpdateArguments>(&call) {
                Ok(arguments) => arguments.status,
                Err(end) => return end,
            };
            tokio::select! {
                biased;
                () = cx.cancel.cancelled() => ToolEnd::text("aborted by user"),
                goal = cx.goals.update(status) => output(&cx, goal.map(Some)),
            }
        }
        .boxed()
    }
}

fn spec(name: &str, description: &str, properties: &Value, required: &[&str]) -> Value {
    json!({
        "type": "function",
        "name": name,
        "description": description,
        "strict": false,
        "parameters": {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        },
    })
}

fn output(cx: &CallContext, goal: Result<Option<Goal>>) -> ToolEnd {
    let goal = match goal {
        Ok(goal) => goal,
        Err(error) => return ToolEnd::text(error.to_string()),
    };
    let goal = goal.as_ref();
    let report = goal
        .filter(|goal| goal.status == GoalStatus::Complete && goal.token_budget.is_some())
        .map(instructions::goal_report);
    let told = Told {
        remaining_tokens: goal.and_then(Goal::remaining_tokens),
        goal: goal.map(|goal| ToldGoal {
            thread_id: &goal.thread_id,
            objective: &goal.objective,
            status: goal.status,
            token_budget: goal.token_budget,
            tokens_used: goal.tokens_used,
            time_used_seconds: goal.time_used_seconds,
            created_at: goal.created_at,
            updated_at: goal.updated_at,
        }),
        completion_budget_report: report,
    };
    match serde_json::to_string(&told) {
        Ok(text) => cx.record.succeeded(ToolEnd::text(text)),
        Err(error) => ToolEnd::text(error.to_string()),
    }
}

/// What the model is told of a goal, in this order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    goal: Option<ToldGoal<'a>>,
    remaining_tokens: Option<i64>,
    completion_budget_report: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToldGoal<'a> {
    thread_id: &'a str,
    objective: &'a str,
    status: GoalStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_budget: Option<i64>,
    tokens_used: i64,
    time_used_seconds: i64,
    created_at: i64,
    updated_at: i64,
}

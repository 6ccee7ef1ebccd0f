//! `update_plan`: the agent's list of steps, shown to the user (docs/contract/turns.md#plans).

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CallContext, Tool, ToolCall, ToolEnd, arguments};
use crate::{Event, ModeKind, PlanStep, PlanStepStatus};

/// Shows the user a list of steps.
#[derive(Debug)]
pub(crate) struct UpdatePlan;

#[derive(Debug, Deserialize)]
struct Arguments {
    explanation: Option<String>,
    plan: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    step: String,
    status: Status,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Pending,
    InProgress,
    Completed,
}

impl Tool for UpdatePlan {
    fn name(&self) -> &'static str {
        "update_plan"
    }

    fn spec(&self) -> Value {
        json!({
            "type": "function",
            "name": self.name(),
            "description": "Shows the user the steps of your work and how far you are. Give the whole list each time: it \
                replaces the one before. Have one step in progress at a time, and mark a step as completed when it is done \
                and checked. Not worth it for work of one or two steps.",
            "strict": false,
            "parameters": {
                "type": "object",
                "properties": {
                    "explanation": {"type": "string", "description": "Why the list changed, if it is not obvious."},
                    "plan": {
                        "type": "array",
                        "description": "All steps, in the order in which they are done.",
                        "items": {
                            "type": "object",
                            "properties": {
                                "step": {"type": "string", "description": "What is done, in a few words."},
                                "status": {
                                    "type": "string",
                                    "enum": ["pending", "in_progress", "completed"],
                                    "description": "How it stands.",
                                },
                            },
                            "required": ["step", "status"],
                            "additionalProperties": false,
                        },
                    },
                },
                "required": ["plan"],
                "additionalProperties": false,
            },
        })
    }

    fn runs_alone(&self) -> bool {
        true
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        std::future::ready(run(&cx, &call)).boxed()
    }
}

fn run(cx: &CallContext, call: &ToolCall) -> ToolEnd {
    if cx.settings.collaboration_mode == ModeKind::Plan {
        return ToolEnd::text("update_plan is a TODO/checklist tool and is not allowed in Plan mode");
    }
    let Arguments { explanation, plan } = match arguments(call) {
        Ok(arguments) => arguments,
        Err(end) => return end,
    };
    let steps = plan.into_iter().map(|step| PlanStep {
        step: step.step,
        status: match step.status {
            Status::Pending => PlanStepStatus::Pending,
            Status::InProgress => PlanStepStatus::InProgress,
            Status::Completed => PlanStepStatus::Completed,
        },
    });
    cx.outbox.emit(Event::PlanUpdated {
        turn_id: Arc::clone(&cx.turn_id),
        explanation,
        steps: steps.collect(),
    });
    cx.record.succeeded(ToolEnd::text("Plan updated"))
}

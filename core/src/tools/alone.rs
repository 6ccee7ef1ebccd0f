//! Which calls of a response run beside no other.

use super::{CallContext, ToolCall, collab};

/// What they do depends on the order, or asks for the user's whole attention. So do those that deal with agents.
const ALONE: [&str; 6] = [
    "apply_patch",
    "update_plan",
    "request_user_input",
    "request_permissions",
    "create_goal",
    "update_goal",
];

/// Whether the call runs only while no other of its response does. Tools of the client and of MCP servers don't.
pub(crate) fn runs_alone(cx: &CallContext, call: &ToolCall) -> bool {
    let given = call.namespace.as_deref();
    let namespace = given.filter(|namespace| *namespace != "functions");
    let is_ours = namespace.is_none() && ALONE.contains(&call.name.as_str());
    !cx.dynamic.contains(given, &call.name) && (is_ours || collab::find(namespace, &call.name).is_some())
}

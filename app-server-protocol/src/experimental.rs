//! The gate: what clients without `experimentalApi` may not use (docs/contract/connection.md#error-codes, docs/contract/connection.md#capabilities).
//!
//! It derives from the same marks as the stable schema: `experimental` in a method's table line, and the extension
//! `x-experimental` of a member. `true` there means that the presence of the member counts, even when it is empty;
//! `"nonEmpty"` lets an empty text pass. Nulls, and `false` where null is impossible, count as absent. What the marks
//! come to is generated, as the schema is: a server that made it when it runs would carry all that makes schemas.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::methods::find;

/// Notifications that clients without `experimentalApi` don't get: those of experimental methods that all clients would get
/// otherwise.
pub const NOTIFICATIONS: [&str; 17] = [
    "project/changed",
    "thread/project/updated",
    "thread/queue/changed",
    "thread/readState/changed",
    "thread/realtime/closed",
    "thread/realtime/error",
    "thread/realtime/item/completed",
    "thread/realtime/item/started",
    "thread/realtime/item/transcript/delta",
    "thread/realtime/itemAdded",
    "thread/realtime/outputAudio/delta",
    "thread/realtime/sdp",
    "thread/realtime/started",
    "thread/realtime/transcript/delta",
    "thread/realtime/transcript/done",
    "thread/settings/updated",
    "turn/moderationMetadata",
];

/// What a call uses first that only clients with `experimentalApi` may use: `<method>`, `<method>.<member>`, or the
/// name of a value. The refusal is this and ` requires experimentalApi capability`. Ask after the parameters were
/// read, because parameters that do not fit are refused first.
pub fn first_use(method: &str, params: Option<&RawValue>) -> Option<Cow<'static, str>> {
    let info = find(method)?;
    if info.experimental {
        return Some(info.method.into());
    }
    rules(method)?.used(params?)
}

/// Where rules for parameters are, by method.
pub(crate) type Rules = BTreeMap<String, Node>;

/// The rules for a method's parameters, if there are any.
fn rules(method: &str) -> Option<&'static Node> {
    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../schema/experimental.json")).unwrap_or_default()
    });
    RULES.get(method)
}

/// What to look for in one place of the parameters.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Node {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) members: Vec<Member>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) items: Option<Box<Node>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// What the refusal calls it, if the member itself is experimental.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refusal: Option<Refusal>,
    /// What to look for inside.
    #[serde(default, skip_serializing_if = "Node::is_empty")]
    pub(crate) inside: Node,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refusal {
    pub(crate) descriptor: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) empty_is_absent: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) false_is_absent: bool,
}

impl Node {
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.items.is_none()
    }

    fn used(&self, value: &RawValue) -> Option<Cow<'static, str>> {
        if let Some(items) = &self.items {
            let values: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
            if let Some(used) = values.into_iter().find_map(|value| items.used(value)) {
                return Some(used);
            }
        }
        if self.members.is_empty() {
            return None;
        }
        let members: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
        self.members.iter().find_map(|member| {
            let value = members.get(&*member.name)?;
            match &member.refusal {
                Some(refusal) if refusal.counts(value) => Some(refusal.descriptor.clone().into()),
                _ => member.inside.used(value),
            }
        })
    }
}

impl Refusal {
    fn counts(&self, value: &RawValue) -> bool {
        match value.get() {
            "null" => false,
            "false" => !self.false_is_absent,
            "\"\"" => !self.empty_is_absent,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::Direction;

    fn used(method: &str, params: &str) -> Option<String> {
        let params = RawValue::from_string(params.to_owned()).unwrap();
        first_use(method, Some(&params)).map(Cow::into_owned)
    }

    #[test]
    fn notifications_that_are_withheld_exist() {
        for method in NOTIFICATIONS {
            let info = find(method).expect(method);
            assert_eq!(info.direction, Direction::ServerNotification, "{method}");
        }
    }

    #[test]
    fn a_member_counts_when_it_is_present_even_if_empty() {
        let name = |member: &str| Some(format!("thread/start.{member}"));
        assert_eq!(
            used("thread/start", r#"{"environments":[]}"#),
            name("environments")
        );
        assert_eq!(
            used("thread/start", r#"{"mockExperimentalField":""}"#),
            name("mockExperimentalField")
        );
        assert_eq!(
            used("thread/start", r#"{"experimentalRawEvents":true}"#),
            name("experimentalRawEvents")
        );
        assert_eq!(
            used(
                "turn/start",
                r#"{"threadId":"t","input":[],"additionalContext":{}}"#
            )
            .as_deref(),
            Some("turn/start.additionalContext")
        );
        assert_eq!(
            used("turn/steer", r#"{"responsesapiClientMetadata":{}}"#).as_deref(),
            Some("turn/steer.responsesapiClientMetadata")
        );
    }

    #[test]
    fn null_and_a_default_false_count_as_absent() {
        assert_eq!(
            used(
                "thread/start",
                r#"{"environments":null,"experimentalRawEvents":false}"#
            ),
            None
        );
        assert_eq!(
            used("thread/start", r#"{"cwd":"/w","model":"m","ephemeral":true}"#),
            None
        );
        assert_eq!(first_use("thread/start", None), None);
        assert_eq!(
            used("initialize", r#"{"capabilities":{"experimentalApi":true}}"#),
            None
        );
        assert_eq!(used("nonsense", "{}"), None);
    }

    #[test]
    fn granular_approvals_have_a_name_of_their_own() {
        let params = r#"{"approvalPolicy":{"granular":{"rules":true}},"environments":[]}"#;
        assert_eq!(
            used("thread/start", params).as_deref(),
            Some("askForApproval.granular")
        );
        assert_eq!(used("turn/start", r#"{"approvalPolicy":"never"}"#), None);
    }

    #[test]
    fn every_mark_of_the_parameters_becomes_a_rule() {
        let members: Vec<_> = rules("thread/start")
            .unwrap()
            .members
            .iter()
            .filter(|member| member.refusal.is_some())
            .map(|member| &*member.name)
            .collect();
        assert_eq!(
            members,
            [
                "allowProviderModelFallback",
                "daybreakEnabled",
                "dynamicTools",
                "environments",
                "experimentalRawEvents",
                "historyMode",
                "mockExperimentalField",
                "multiAgentMode",
                "permissions",
                "projectId",
                "runtimeWorkspaceRoots",
                "selectedCapabilityRoots",
            ]
        );
    }
}

//! Shapes that the derives cannot express by themselves.

use schemars::Schema;
use schemars::transform::Transform;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

/// A member that tells `null` from absence: `Some(None)` is null.
#[expect(
    clippy::option_option,
    clippy::ref_option,
    reason = "the three cases are absent, null and a value"
)]
pub(crate) mod double_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

/// A member that may be null but not absent.
pub(crate) fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// For members that are left out when they are false.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
pub(crate) fn is_false(value: &bool) -> bool {
    !*value
}

/// Schema: these nullable members (separated by commas) are always there.
pub(crate) fn require(members: &'static str) -> impl Transform {
    move |schema: &mut Schema| {
        let required = schema
            .ensure_object()
            .entry("required")
            .or_insert_with(|| json!([]));
        if let Value::Array(required) = required {
            required.extend(members.split(", ").map(|member| json!(member)));
        }
    }
}

/// Schema: there is exactly one of these two text members, though the Rust type has a slot for each.
pub(crate) fn either(one: &'static str, other: &'static str) -> impl Transform {
    move |schema: &mut Schema| {
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
            return;
        };
        let choices = [one, other].map(|member| {
            let mut property = properties.remove(member).unwrap_or_default();
            if let Some(property) = property.as_object_mut() {
                property.insert("type".into(), json!("string"));
                property.remove("default");
            }
            let only = Map::from_iter([(member.to_owned(), property)]);
            json!({ "type": "object", "properties": only, "required": [member] })
        });
        schema.insert("anyOf".into(), json!(choices));
    }
}

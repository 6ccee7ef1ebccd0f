//! Questions of tool servers to the user (docs/contract/mcp.md#elicitation).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// A question about a tool server, or of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerElicitationRequestParams {
    /// The thread.
    pub thread_id: String,
    /// The turn; null if it belongs to none.
    pub turn_id: Option<String>,
    /// The server.
    pub server_name: String,
    /// The environment that it belongs to; null is the thread as a whole.
    pub environment_id: Option<String>,
    /// What is asked.
    #[serde(flatten)]
    pub request: McpServerElicitationRequestKind,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mode", rename_all_fields = "camelCase")]
pub enum McpServerElicitationRequestKind {
    /// To prove who they are; never asked here.
    #[serde(rename = "openai/userVerification")]
    UserVerification {
        /// Metadata.
        #[serde(default, rename = "_meta")]
        meta: Value,
        /// What is to be signed.
        challenge: String,
        /// What it is for.
        description: String,
        /// Its heading.
        title: String,
    },
    /// To fill in a form.
    #[serde(rename = "form")]
    Form {
        /// Metadata; of the approval of a tool call, if it is one.
        #[serde(default, rename = "_meta")]
        meta: Value,
        /// What for.
        message: String,
        /// The form.
        requested_schema: McpElicitationSchema,
    },
    /// To fill in a form of another kind; never asked here.
    #[serde(rename = "openai/form")]
    OpenAiForm {
        /// Metadata.
        #[serde(default, rename = "_meta")]
        meta: Value,
        /// What for.
        message: String,
        /// The form.
        requested_schema: Value,
    },
    /// The same under its former name; never asked here.
    #[serde(rename = "openaiForm")]
    FormerOpenAiForm {
        /// Metadata.
        #[serde(default, rename = "_meta")]
        meta: Value,
        /// What for.
        message: String,
        /// The form.
        requested_schema: Value,
    },
    /// To visit a page.
    #[serde(rename = "url")]
    Url {
        /// Metadata.
        #[serde(default, rename = "_meta")]
        meta: Value,
        /// What for.
        message: String,
        /// The page.
        url: String,
        /// The server's name for the question.
        elicitation_id: String,
    },
}

/// What the user answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerElicitationRequestResponse {
    /// What they do.
    pub action: McpServerElicitationAction,
    /// The form, filled in.
    #[serde(default)]
    pub content: Value,
    /// Metadata; `persist` (`session` or `always`) keeps the approval of a tool.
    #[serde(default, rename = "_meta")]
    pub meta: Value,
}

/// What the user does about a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum McpServerElicitationAction {
    /// Says yes.
    Accept,
    /// Says no.
    Decline,
    /// Says nothing.
    Cancel,
}

/// A form: an object with plain members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpElicitationSchema {
    /// The dialect of JSON Schema.
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: McpElicitationObjectType,
    /// Its fields.
    pub properties: BTreeMap<String, McpElicitationPrimitiveSchema>,
    /// Those that must be filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<Vec<String>>,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum McpElicitationPrimitiveSchema {
    /// A choice.
    Enum(McpElicitationEnumSchema),
    /// A text.
    String(McpElicitationStringSchema),
    /// A number.
    Number(McpElicitationNumberSchema),
    /// A switch.
    Boolean(McpElicitationBooleanSchema),
}

/// A choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum McpElicitationEnumSchema {
    /// Of one.
    Single(McpElicitationSingleSelectEnumSchema),
    /// Of several.
    Multi(McpElicitationMultiSelectEnumSchema),
    /// Of one, in the former way.
    Legacy(McpElicitationLegacyTitledEnumSchema),
}

/// A choice of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum McpElicitationSingleSelectEnumSchema {
    /// Of words.
    Untitled(McpElicitationUntitledSingleSelectEnumSchema),
    /// Of words with names for people.
    Titled(McpElicitationTitledSingleSelectEnumSchema),
}

/// A choice of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum McpElicitationMultiSelectEnumSchema {
    /// Of words.
    Untitled(McpElicitationUntitledMultiSelectEnumSchema),
    /// Of words with names for people.
    Titled(McpElicitationTitledMultiSelectEnumSchema),
}

/// A choice of one word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpElicitationUntitledSingleSelectEnumSchema {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: McpElicitationStringType,
    /// The words.
    pub r#enum: Vec<String>,
    /// Its value unless the user gives another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A choice of one word, each with a name for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpElicitationTitledSingleSelectEnumSchema {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: McpElicitationStringType,
    /// The words.
    pub one_of: Vec<McpElicitationConstOption>,
    /// Its value unless the user gives another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A choice of several words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpElicitationUntitledMultiSelectEnumSchema {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: McpElicitationArrayType,
    /// The words.
    pub items: McpElicitationUntitledEnumItems,
    /// Its value unless the user gives another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Vec<String>>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How many at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// How many at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
}

/// A choice of several words, each with a name for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpElicitationTitledMultiSelectEnumSchema {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: McpElicitationArrayType,
    /// The words.
    pub items: McpElicitationTitledEnumItems,
    /// Its value unless the user gives another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Vec<String>>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How many at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// How many at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
}

/// A choice of one word, with names for people in a list of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpElicitationLegacyTitledEnumSchema {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: McpElicitationStringType,
    /// The words.
    pub r#enum: Vec<String>,
    /// Their names for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enum_names: Option<Vec<String>>,
    /// Its value unless the user gives another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// Words to choose from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpElicitationUntitledEnumItems {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: McpElicitationStringType,
    /// The words.
    pub r#enum: Vec<String>,
}

/// Words to choose from, each with a name for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpElicitationTitledEnumItems {
    /// The words.
    pub any_of: Vec<McpElicitationConstOption>,
}

/// A word with its name for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpElicitationConstOption {
    /// The word.
    pub r#const: String,
    /// Its name.
    pub title: String,
}

/// A text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpElicitationStringSchema {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: McpElicitationStringType,
    /// Its value unless the user gives another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What kind of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<McpElicitationStringFormat>,
    /// Most characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// Fewest characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
}

/// A number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpElicitationNumberSchema {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: McpElicitationNumberType,
    /// Its value unless the user gives another.
    #[serde(serialize_with = "number", skip_serializing_if = "Option::is_none")]
    pub default: Option<f64>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The largest.
    #[serde(serialize_with = "number", skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// The smallest.
    #[serde(serialize_with = "number", skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
}

/// Whole numbers without a fraction, as clients read them that look for integers.
#[expect(clippy::ref_option, reason = "serde asks for it")]
fn number<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    /// Up to here every whole number is one of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match *number {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and small enough")]
        Some(number) if number.fract() == 0.0 && number.abs() <= EXACT => {
            serializer.serialize_i64(number as i64)
        }
        number => number.serialize(serializer),
    }
}

/// A switch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct McpElicitationBooleanSchema {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: McpElicitationBooleanType,
    /// Its value unless the user gives another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A kind of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum McpElicitationStringFormat {
    /// An address of mail.
    Email,
    /// A URI.
    Uri,
    /// A date.
    Date,
    /// A date with a time.
    DateTime,
}

/// An object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum McpElicitationObjectType {
    /// An object.
    Object,
}

/// A text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum McpElicitationStringType {
    /// A text.
    String,
}

/// A list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum McpElicitationArrayType {
    /// A list.
    Array,
}

/// A kind of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum McpElicitationNumberType {
    /// Any number.
    Number,
    /// A whole number.
    Integer,
}

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum McpElicitationBooleanType {
    /// A switch.
    Boolean,
}

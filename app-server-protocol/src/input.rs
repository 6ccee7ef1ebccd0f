//! What the user says, and what tools return to the model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shape::either;

/// A piece of what the user says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum UserInput {
    /// Text.
    Text {
        /// The text.
        text: String,
        /// Marked ranges of the text.
        #[serde(default)]
        text_elements: Vec<TextElement>,
    },
    /// An image, inline or from the provider's file store.
    #[serde(rename_all = "camelCase")]
    #[schemars(transform = either("url", "fileId"))]
    Image {
        /// A `data:` URL.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// Id in the provider's file store, in place of `url`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_id: Option<String>,
        /// How closely the model looks at it.
        #[schemars(skip_serializing_if = "Option::is_none")]
        detail: Option<ImageDetail>,
    },
    /// An image file on the server's machine.
    LocalImage {
        /// Its path.
        path: String,
        /// How closely the model looks at it.
        #[schemars(skip_serializing_if = "Option::is_none")]
        detail: Option<ImageDetail>,
    },
    /// Audio, inline or from the provider's file store.
    #[serde(rename_all = "camelCase")]
    #[schemars(transform = either("url", "fileId"))]
    Audio {
        /// A `data:` URL.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// Id in the provider's file store, in place of `url`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_id: Option<String>,
    },
    /// An audio file on the server's machine.
    LocalAudio {
        /// Its path.
        path: String,
    },
    /// A skill that the user chose.
    Skill {
        /// Its name.
        name: String,
        /// Its SKILL.md.
        path: String,
    },
    /// A file or app that the user pointed at.
    Mention {
        /// Its name.
        name: String,
        /// What it points to.
        path: String,
    },
}

/// A marked range of a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TextElement {
    /// Where it is.
    pub byte_range: ByteRange,
    /// What the client shows in its place.
    pub placeholder: Option<String>,
}

/// A range of bytes of a UTF-8 text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ByteRange {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

/// How closely the model looks at an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ImageDetail {
    /// The model decides.
    Auto,
    /// Coarsely.
    Low,
    /// In detail.
    High,
    /// Pixel by pixel.
    Original,
}

/// What a tool returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a text or a list of pieces")]
pub enum FunctionCallOutputBody {
    /// As text.
    Text(String),
    /// As pieces.
    Content(Vec<FunctionCallOutputContentItem>),
}

/// A piece of what a tool returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FunctionCallOutputContentItem {
    /// Text.
    InputText {
        /// The text.
        text: String,
    },
    /// An image.
    #[schemars(transform = either("image_url", "file_id"))]
    InputImage {
        /// A `data:` URL.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image_url: Option<String>,
        /// Id in the provider's file store, in place of `image_url`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_id: Option<String>,
        /// How closely the model looks at it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<ImageDetail>,
    },
    /// Audio.
    #[schemars(transform = either("audio_url", "file_id"))]
    InputAudio {
        /// A `data:` URL.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        audio_url: Option<String>,
        /// Id in the provider's file store, in place of `audio_url`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_id: Option<String>,
    },
    /// Something that only the model server can read.
    EncryptedContent {
        /// The sealed text.
        encrypted_content: String,
    },
}

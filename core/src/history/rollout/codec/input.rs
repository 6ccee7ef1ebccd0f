//! The user's inputs as rollout files keep them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{TextElement, UserInput};

/// One input of a `UserMessage`.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum FileInput {
    Text {
        text: String,
        #[serde(default)]
        text_elements: Vec<FileTextElement>,
    },
    Image {
        image_url: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    ImageFile {
        file_id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    LocalImage {
        path: PathBuf,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    Audio {
        audio_url: String,
    },
    AudioFile {
        file_id: String,
    },
    LocalAudio {
        path: PathBuf,
    },
    Skill {
        name: String,
        path: PathBuf,
    },
    Mention {
        name: String,
        path: String,
    },
    #[serde(other)]
    Unknown,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct FileTextElement {
    byte_range: ByteRange,
    #[serde(default)]
    placeholder: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ByteRange {
    start: u64,
    end: u64,
}

impl FileTextElement {
    pub(crate) fn into_element(self) -> TextElement {
        TextElement {
            start: self.byte_range.start,
            end: self.byte_range.end,
            placeholder: self.placeholder,
        }
    }
}

impl From<&UserInput> for FileInput {
    fn from(input: &UserInput) -> Self {
        match input.clone() {
            UserInput::Text { text, elements } => Self::Text {
                text,
                text_elements: elements
                    .into_iter()
                    .map(|e| FileTextElement {
                        byte_range: ByteRange {
                            start: e.start,
                            end: e.end,
                        },
                        placeholder: e.placeholder,
                    })
                    .collect(),
            },
            UserInput::Image { url, detail } => Self::Image {
                image_url: url,
                detail,
            },
            UserInput::ImageFile { file_id, detail } => Self::ImageFile { file_id, detail },
            UserInput::LocalImage { path, detail } => Self::LocalImage { path, detail },
            UserInput::Audio { url } => Self::Audio { audio_url: url },
            UserInput::AudioFile { file_id } => Self::AudioFile { file_id },
            UserInput::LocalAudio { path } => Self::LocalAudio { path },
            UserInput::Skill { name, path } => Self::Skill { name, path },
            UserInput::Mention { name, path } => Self::Mention { name, path },
        }
    }
}

impl FileInput {
    /// `None` for kinds that we don't know.
    pub(crate) fn into_input(self) -> Option<UserInput> {
        Some(match self {
            Self::Text { text, text_elements } => UserInput::Text {
                text,
                elements: text_elements
                    .into_iter()
                    .map(FileTextElement::into_element)
                    .collect(),
            },
            Self::Image { image_url, detail } => UserInput::Image {
                url: image_url,
                detail,
            },
            Self::ImageFile { file_id, detail } => UserInput::ImageFile { file_id, detail },
            Self::LocalImage { path, detail } => UserInput::LocalImage { path, detail },
            Self::Audio { audio_url } => UserInput::Audio { url: audio_url },
            Self::AudioFile { file_id } => UserInput::AudioFile { file_id },
            Self::LocalAudio { path } => UserInput::LocalAudio { path },
            Self::Skill { name, path } => UserInput::Skill { name, path },
            Self::Mention { name, path } => UserInput::Mention { name, path },
            Self::Unknown => return None,
        })
    }
}

//! What the user says, on its way to the model.

use std::path::Path;
use std::sync::Arc;

use super::history::message;
use crate::external_file::{self, READ_TIMEOUT, in_background};
use crate::image_data::{self, Bounds, ImageError, left_out};
use crate::model::{ContentItem, Extra, FunctionOutput, KnownItem, ResponseItem};
use crate::skills::Skill;
use crate::xml::escape;
use crate::{Error, Media, Result, ToolOutput, UserInput};

/// Longest text of one input, in characters.
const MAX_INPUT_CHARS: usize = 1 << 20;

/// Largest SKILL.md that is sent, in bytes.
const MAX_SKILL_BYTES: usize = 1 << 20;

/// Detail of images that the model's server has, unless the client names one: how large they are, only the server knows.
const FILE_DETAIL: &str = "high";

/// Refuses input that no model could be given (docs/contract/turns.md#turn-start).
pub(crate) fn check(input: &[UserInput]) -> Result<()> {
    let mut chars = 0;
    for part in input {
        match part {
            UserInput::Text { text, .. } => chars += text.chars().count(),
            UserInput::Image { url, .. } if !url.starts_with("data:") => {
                return Err(Error::RemoteMedia(Media::Image));
            }
            UserInput::Audio { url } if !url.starts_with("data:") => {
                return Err(Error::RemoteMedia(Media::Audio));
            }
            _ => {}
        }
    }
    check_length(chars)
}

fn check_length(chars: usize) -> Result<()> {
    if chars > MAX_INPUT_CHARS {
        return Err(Error::InputTooLarge {
            max: MAX_INPUT_CHARS,
            actual: chars,
        });
    }
    Ok(())
}

/// Refuses the output of a tool that no model could be given.
pub(crate) fn check_tool_output(output: &ToolOutput) -> Result<()> {
    let mut chars = 0;
    match &output.output {
        FunctionOutput::Text(text) => chars += text.chars().count(),
        FunctionOutput::Parts(parts) => {
            for part in parts {
                match part {
                    ContentItem::InputText { text, .. } => chars += text.chars().count(),
                    ContentItem::InputImage {
                        image_url: Some(url), ..
                    } if !url.starts_with("data:") => return Err(Error::RemoteMedia(Media::Image)),
                    _ => {}
                }
            }
        }
    }
    check_length(chars)
}

/// The message of the user for the model, if there is anything in it. `image_detail`: that of images for which the client
/// names none.
pub(crate) async fn to_message(input: &[UserInput], image_detail: &str) -> Option<ResponseItem> {
    let mut content = Vec::new();
    let mut images = 0;
    for part in input {
        let is_image = matches!(
            part,
            UserInput::Image { .. } | UserInput::ImageFile { .. } | UserInput::LocalImage { .. }
        );
        images += usize::from(is_image);
        match part {
            UserInput::Text { text, .. } => content.push(text_part(text.clone())),
            UserInput::Image { url, detail } => {
                let detail = detail.as_deref().unwrap_or(image_detail);
                let fitting = image_data::fit_url(url.clone(), Bounds::of_detail(detail)).await;
                // Servers refuse what is no image, with every later request of the thread.
                content.push(match fitting {
                    Ok(url) => image_part(url, detail),
                    Err(reason) => text_part(left_out(&reason)),
                });
            }
            UserInput::ImageFile { file_id, detail } => content.push(ContentItem::InputImage {
                image_url: None,
                file_id: Some(file_id.clone()),
                detail: Some(detail.as_deref().unwrap_or(FILE_DETAIL).to_owned()),
                extra: Extra::new(),
            }),
            UserInput::LocalImage { path, detail } => {
                let detail = detail.as_deref().unwrap_or(image_detail);
                content.extend(local_image(path, detail, images).await);
            }
            UserInput::Audio { .. } | UserInput::AudioFile { .. } | UserInput::LocalAudio { .. } => {
                content.push(text_part(
                    "The user attached audio, which was left out because this model takes no audio.".into(),
                ));
            }
            // The client shows them inside of the text.
            UserInput::Skill { .. } | UserInput::Mention { .. } => {}
        }
    }
    if content.is_empty() {
        return None;
    }
    Some(ResponseItem::Known(KnownItem::Message {
        id: None,
        role: "user".into(),
        content,
        phase: None,
        extra: Extra::new(),
    }))
}

/// Messages with what these skills say.
pub(crate) async fn skill_messages(skills: &[Arc<Skill>]) -> Vec<ResponseItem> {
    let mut messages = Vec::with_capacity(skills.len());
    for skill in skills {
        messages.extend(skill_message(&skill.name, &skill.path).await);
    }
    messages
}

fn text_part(text: String) -> ContentItem {
    ContentItem::input_text(text)
}

fn image_part(url: String, detail: &str) -> ContentItem {
    ContentItem::InputImage {
        image_url: Some(url),
        file_id: None,
        detail: Some(detail.to_owned()),
        extra: Extra::new(),
    }
}

/// An image file, or words about why it is none, between marks that tell where it comes from. Words alone where there is
/// no file to read.
async fn local_image(path: &Path, detail: &str, number: usize) -> Vec<ContentItem> {
    let image = match image_data::read_as_url(path, Bounds::of_detail(detail), None).await {
        Ok(url) => image_part(url, detail),
        Err(ImageError::File(reason)) => {
            return vec![text_part(format!(
                "The user attached the image `{}`, but it could not be read: {reason}",
                path.display()
            ))];
        }
        Err(reason) => text_part(left_out(&reason)),
    };
    let mark = format!("<image name=[Image #{number}] path=\"{}\">", path.display());
    vec![text_part(mark), image, text_part("</image>".into())]
}

/// Reads a file of at most `max` bytes.
async fn read_file(path: &Path, max: usize) -> Result<Vec<u8>, String> {
    let path = path.to_owned();
    in_background(READ_TIMEOUT, move || external_file::read(&path, max))
        .await
        .flatten()
        .map_err(|error| error.to_string())
}

async fn skill_message(name: &str, path: &Path) -> Option<ResponseItem> {
    let body = match read_file(path, MAX_SKILL_BYTES).await {
        Ok(body) => body,
        Err(error) => {
            tracing::warn!(path = %path.display(), error, "a skill can't be read");
            return None;
        }
    };
    let text = format!(
        "<skill>\n<name>{}</name>\n<path>{}</path>\n{}\n</skill>",
        escape(name),
        escape(&path.to_string_lossy()),
        external_file::decode_lossy(&body)
    );
    Some(message("user", [text]))
}

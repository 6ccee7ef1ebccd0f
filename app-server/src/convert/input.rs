//! What the user says.

use codex_app_server_protocol as wire;
use codex_core::model::{ContentItem, Extra, FunctionOutput};
use codex_core::{TextElement, UserInput};

use super::invalid_params::InvalidParams;

/// From the client. Whether the engine takes it is for the engine to say.
pub(crate) fn from_wire(input: Vec<wire::UserInput>) -> Result<Vec<UserInput>, InvalidParams> {
    input.into_iter().map(piece_from_wire).collect()
}

fn piece_from_wire(piece: wire::UserInput) -> Result<UserInput, InvalidParams> {
    Ok(match piece {
        wire::UserInput::Text { text, text_elements } => UserInput::Text {
            text,
            elements: text_elements.into_iter().map(element_from_wire).collect(),
        },
        wire::UserInput::Image { url, file_id, detail } => {
            let detail = detail.map(detail_from_wire);
            match inline_or_file("image", url, file_id)? {
                Media::Inline(url) => UserInput::Image { url, detail },
                Media::File(file_id) => UserInput::ImageFile { file_id, detail },
            }
        }
        wire::UserInput::LocalImage { path, detail } => UserInput::LocalImage {
            path: path.into(),
            detail: detail.map(detail_from_wire),
        },
        wire::UserInput::Audio { url, file_id } => match inline_or_file("audio", url, file_id)? {
            Media::Inline(url) => UserInput::Audio { url },
            Media::File(file_id) => UserInput::AudioFile { file_id },
        },
        wire::UserInput::LocalAudio { path } => UserInput::LocalAudio { path: path.into() },
        wire::UserInput::Skill { name, path } => UserInput::Skill {
            name,
            path: path.into(),
        },
        wire::UserInput::Mention { name, path } => UserInput::Mention { name, path },
    })
}

enum Media {
    Inline(String),
    File(String),
}

/// Exactly one of the two must be there.
fn inline_or_file(what: &str, url: Option<String>, file_id: Option<String>) -> Result<Media, InvalidParams> {
    match (url, file_id) {
        (Some(url), None) => Ok(Media::Inline(url)),
        (None, Some(file_id)) => Ok(Media::File(file_id)),
        (Some(_), Some(_)) | (None, None) => Err(InvalidParams::malformed(format!(
            "Invalid params: an input of type `{what}` needs either `url` or `fileId`"
        ))),
    }
}

/// Towards the client.
pub(crate) fn to_wire(piece: UserInput) -> wire::UserInput {
    match piece {
        UserInput::Text { text, elements } => wire::UserInput::Text {
            text,
            text_elements: elements.into_iter().map(element_to_wire).collect(),
        },
        UserInput::Image { url, detail } => wire::UserInput::Image {
            url: Some(url),
            file_id: None,
            detail: detail.as_deref().and_then(detail_to_wire),
        },
        UserInput::ImageFile { file_id, detail } => wire::UserInput::Image {
            url: None,
            file_id: Some(file_id),
            detail: detail.as_deref().and_then(detail_to_wire),
        },
        UserInput::LocalImage { path, detail } => wire::UserInput::LocalImage {
            path: path.to_string_lossy().into_owned(),
            detail: detail.as_deref().and_then(detail_to_wire),
        },
        UserInput::Audio { url } => wire::UserInput::Audio {
            url: Some(url),
            file_id: None,
        },
        UserInput::AudioFile { file_id } => wire::UserInput::Audio {
            url: None,
            file_id: Some(file_id),
        },
        UserInput::LocalAudio { path } => wire::UserInput::LocalAudio {
            path: path.to_string_lossy().into_owned(),
        },
        UserInput::Skill { name, path } => wire::UserInput::Skill {
            name,
            path: path.to_string_lossy().into_owned(),
        },
        UserInput::Mention { name, path } => wire::UserInput::Mention { name, path },
    }
}

fn element_from_wire(element: wire::TextElement) -> TextElement {
    TextElement {
        start: element.byte_range.start,
        end: element.byte_range.end,
        placeholder: element.placeholder,
    }
}

fn element_to_wire(element: TextElement) -> wire::TextElement {
    wire::TextElement {
        byte_range: wire::ByteRange {
            start: element.start,
            end: element.end,
        },
        placeholder: element.placeholder,
    }
}

fn detail_from_wire(detail: wire::ImageDetail) -> String {
    match detail {
        wire::ImageDetail::Auto => "auto",
        wire::ImageDetail::Low => "low",
        wire::ImageDetail::High => "high",
        wire::ImageDetail::Original => "original",
    }
    .to_owned()
}

fn detail_to_wire(detail: &str) -> Option<wire::ImageDetail> {
    match detail {
        "auto" => Some(wire::ImageDetail::Auto),
        "low" => Some(wire::ImageDetail::Low),
        "high" => Some(wire::ImageDetail::High),
        "original" => Some(wire::ImageDetail::Original),
        _ => None,
    }
}

/// What a tool of the client gave, from the client.
pub(crate) fn tool_output_from_wire(output: wire::FunctionCallOutputBody) -> FunctionOutput {
    match output {
        wire::FunctionCallOutputBody::Text(text) => FunctionOutput::Text(text),
        wire::FunctionCallOutputBody::Content(parts) => {
            FunctionOutput::Parts(parts.into_iter().map(output_part).collect())
        }
    }
}

fn output_part(part: wire::FunctionCallOutputContentItem) -> ContentItem {
    match part {
        wire::FunctionCallOutputContentItem::InputText { text } => ContentItem::input_text(text),
        wire::FunctionCallOutputContentItem::InputImage {
            image_url,
            file_id,
            detail,
        } => ContentItem::InputImage {
            image_url,
            file_id,
            detail: detail.map(detail_from_wire),
            extra: Extra::new(),
        },
        other => ContentItem::Other(serde_json::to_value(other).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_come_inline_or_from_the_file_store_and_go_back_as_they_came() {
        let image = |url: Option<&str>, file_id: Option<&str>| wire::UserInput::Image {
            url: url.map(ToOwned::to_owned),
            file_id: file_id.map(ToOwned::to_owned),
            detail: Some(wire::ImageDetail::High),
        };
        for piece in [
            image(Some("data:image/png;base64,AA=="), None),
            image(None, Some("file-1")),
        ] {
            let taken = from_wire(vec![piece.clone()]).unwrap();
            assert_eq!(taken.into_iter().map(to_wire).collect::<Vec<_>>(), [piece]);
        }
        for wrong in [image(None, None), image(Some("a"), Some("b"))] {
            let error = from_wire(vec![wrong]).unwrap_err();
            assert!(matches!(error, InvalidParams::Malformed(_)), "{error}");
        }
    }
}

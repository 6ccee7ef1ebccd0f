//! What is said to agents, as models write it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::UserInput;

/// What a model says when there is nothing in it.
pub(super) const EMPTY: &str = "Empty message can't be sent to an agent";

/// One piece of a message.
#[derive(Debug, Deserialize)]
pub(super) struct Piece {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    image_url: Option<String>,
    #[serde(default)]
    audio_url: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

/// What is to be said, and how it is shown; or words for the model on what is wrong with it. Relative paths count from
/// `cwd`.
pub(super) fn read(
    message: Option<String>,
    pieces: Option<Vec<Piece>>,
    cwd: &Path,
) -> Result<(Vec<UserInput>, String), String> {
    match (message, pieces) {
        (None, None) => Err("Provide one of: message or items".to_owned()),
        (Some(_), Some(_)) => Err("Provide either message or items, but not both".to_owned()),
        (Some(message), None) if message.trim().is_empty() => Err(EMPTY.to_owned()),
        (Some(message), None) => Ok((vec![UserInput::plain(message.clone())], message)),
        (None, Some(pieces)) if pieces.is_empty() => Err("Items can't be empty".to_owned()),
        (None, Some(pieces)) => {
            let mut shown = Vec::new();
            let mut input = Vec::new();
            for piece in pieces {
                let piece = piece.into_input(cwd)?;
                shown.push(show(&piece));
                input.push(piece);
            }
            Ok((input, shown.join("\n")))
        }
    }
}

fn show(input: &UserInput) -> String {
    match input {
        UserInput::Text { text, .. } => text.clone(),
        UserInput::LocalImage { path, .. } => format!("[image {}]", path.display()),
        UserInput::Skill { name, .. } => format!("[skill {name}]"),
        UserInput::Mention { name, path } => format!("[{name}]({path})"),
        UserInput::LocalAudio { path } => format!("[audio {}]", path.display()),
        UserInput::Image { .. } | UserInput::ImageFile { .. } => "[image]".to_owned(),
        UserInput::Audio { .. } | UserInput::AudioFile { .. } => "[audio]".to_owned(),
    }
}

impl Piece {
    fn into_input(self, cwd: &Path) -> Result<UserInput, String> {
        let Self {
            kind,
            text: words,
            image_url,
            audio_url,
            path,
            name,
        } = self;
        let missing = |member: &str| format!("an item of type `{kind}` needs `{member}`");
        let file = |path: Option<String>| -> Result<PathBuf, String> {
            Ok(cwd.join(path.ok_or_else(|| missing("path"))?))
        };
        let inline = |url: Option<String>, member: &str| {
            let url = url.ok_or_else(|| missing(member))?;
            if url.starts_with("data:") {
                Ok(url)
            } else {
                Err(format!("`{member}` must be a data URL"))
            }
        };
        Ok(match kind.as_str() {
            "text" => UserInput::plain(words.ok_or_else(|| missing("text"))?),
            "image" => UserInput::Image {
                url: inline(image_url, "image_url")?,
                detail: None,
            },
            "local_image" => UserInput::LocalImage {
                path: file(path)?,
                detail: None,
            },
            "audio" => UserInput::Audio {
                url: inline(audio_url, "audio_url")?,
            },
            "local_audio" => UserInput::LocalAudio { path: file(path)? },
            "skill" => UserInput::Skill {
                name: name.ok_or_else(|| missing("name"))?,
                path: file(path)?,
            },
            "mention" => UserInput::Mention {
                name: name.ok_or_else(|| missing("name"))?,
                path: path.ok_or_else(|| missing("path"))?,
            },
            other => return Err(format!("there are no items of type `{other}`")),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pieces(items: Value) -> Result<(Vec<UserInput>, String), String> {
        let pieces = serde_json::from_value(items).expect("pieces");
        read(None, Some(pieces), Path::new("/w"))
    }

    #[test]
    fn collab_input_is_a_message_or_items() {
        let cwd = Path::new("/w");
        assert!(read(None, None, cwd).is_err());
        assert!(read(Some("a".into()), Some(Vec::new()), cwd).is_err());
        assert_eq!(read(Some(" \n".into()), None, cwd), Err(EMPTY.to_owned()));
        assert_eq!(
            read(Some("a".into()), None, cwd),
            Ok((vec![UserInput::plain("a".into())], "a".into()))
        );
        let (input, shown) = pieces(json!([
            {"type": "text", "text": "look"},
            {"type": "local_image", "path": "a.png"},
        ]))
        .expect("input");
        assert_eq!(shown, "look\n[image /w/a.png]");
        assert_eq!(input.len(), 2);
    }

    #[test]
    fn collab_input_that_lacks_something_says_what() {
        let wrong = |item: Value| pieces(json!([item])).unwrap_err();
        assert!(wrong(json!({"type": "text"})).contains("`text`"));
        assert!(wrong(json!({"type": "dream"})).contains("dream"));
        assert!(wrong(json!({"type": "image", "image_url": "https://x"})).contains("data URL"));
    }
}

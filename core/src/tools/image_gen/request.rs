//! The requests that make images, and their answers.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use crate::model::side_channel::{Post, SideChannel};
use crate::net::body::BodyLimit;

/// The model that draws.
const MODEL: &str = "gpt-image-2";

/// An answer with the largest image that is taken, in base64.
const ANSWER: BodyLimit = BodyLimit {
    bytes: 32 << 20,
    time: Duration::from_secs(120),
};

/// What is to be drawn.
#[derive(Serialize)]
pub(super) struct Wanted {
    /// Images to draw it from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<Source>,
    prompt: String,
    background: &'static str,
    model: &'static str,
    quality: &'static str,
    size: &'static str,
}

/// An image that another is made from.
#[derive(Serialize)]
pub(super) struct Source {
    /// A data URL.
    pub(super) image_url: String,
}

/// An image.
#[derive(Debug)]
pub(super) struct Made {
    /// In base64.
    pub(super) data: String,
    /// Whether its background is transparent, if the server says so.
    pub(super) transparent: Option<bool>,
    /// Its id at the server.
    pub(super) id: Option<String>,
}

/// What counts of an answer.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    background: Option<String>,
    #[serde(default)]
    data: Vec<Image>,
}

#[derive(Deserialize)]
struct Image {
    #[serde(default)]
    b64_json: Option<String>,
    #[serde(default)]
    generation_id: Option<String>,
}

impl Wanted {
    pub(super) fn new(prompt: String, transparent: bool, images: Vec<Source>) -> Self {
        Self {
            images,
            prompt,
            background: if transparent { "transparent" } else { "opaque" },
            model: MODEL,
            quality: "auto",
            size: "auto",
        }
    }
}

/// Has the thread's provider draw an image. An error is words for the model.
pub(super) async fn send(channel: &SideChannel, turn_id: &str, wanted: Wanted) -> Result<Made, String> {
    let path = if wanted.images.is_empty() {
        "images/generations"
    } else {
        "images/edits"
    };
    let failed = |why: &dyn std::fmt::Display| format!("image generation failed: {why}");
    let url = channel.provider_url(path).await;
    let url = url.map_err(|error| failed(&error.error.message))?;
    let content = spawn_blocking(move || serde_json::to_vec(&wanted)).await;
    let content = content
        .map_err(|error| failed(&error))?
        .map_err(|error| failed(&error))?;
    let mut headers = HeaderMap::new();
    if let Ok(turn_id) = HeaderValue::from_str(turn_id) {
        headers.insert("x-codex-image-turn-id", turn_id);
    }
    let request = Post {
        url: &url,
        headers,
        content_type: "application/json",
        content: Bytes::from(content),
        limit: ANSWER,
        retry_metric: "codex.image_generation.retry",
    };
    let answer = channel.post(&request).await;
    let body = answer.map_err(|error| failed(&error.error.error.message))?.body;
    let read = spawn_blocking(move || read(&body)).await;
    read.map_err(|error| failed(&error))?
}

fn read(body: &[u8]) -> Result<Made, String> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|error| format!("image generation failed: the answer could not be read: {error}"))?;
    let image = answer.data.into_iter().next();
    let (data, id) = image
        .and_then(|image| Some((image.b64_json?, image.generation_id)))
        .filter(|(data, _)| !data.is_empty())
        .ok_or("image generation returned no image data")?;
    Ok(Made {
        data,
        transparent: answer
            .background
            .and_then(|background| match background.as_str() {
                "transparent" => Some(true),
                "opaque" => Some(false),
                _ => None,
            }),
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_image_of_an_answer_counts() {
        let made = read(
            br#"{"background": "transparent", "more": 1, "data": [
                {"b64_json": "AA==", "generation_id": "g"}, {"b64_json": "BB=="}]}"#,
        );
        let made = made.expect("an image");
        assert_eq!(
            (made.data.as_str(), made.transparent, made.id.as_deref()),
            ("AA==", Some(true), Some("g"))
        );
    }

    #[test]
    fn answers_without_an_image_are_said_to_have_none() {
        for body in [
            "{}",
            r#"{"data": []}"#,
            r#"{"data": [{}]}"#,
            r#"{"data": [{"b64_json": ""}]}"#,
        ] {
            let error = read(body.as_bytes()).expect_err("no image");
            assert_eq!(error, "image generation returned no image data", "{body}");
        }
        let error = read(b"[1]").expect_err("no answer");
        assert!(error.starts_with("image generation failed: the answer could not be read: "));
    }
}

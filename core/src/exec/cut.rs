//! Texts that lose their middle because they are too long for a history.

use crate::char_boundary::{ceil, floor};
use crate::model::{ContentItem, FunctionOutput};

/// Both ends of a text that is longer than `max` bytes, and between them how many tokens are missing.
pub(crate) fn ends(text: &str, max: usize) -> Option<[String; 3]> {
    if text.len() <= max {
        return None;
    }
    let head = floor(text, max / 2);
    let tail = ceil(text, text.len() - (max - max / 2));
    let tokens = (tail - head).div_ceil(4);
    Some([
        text[..head].to_owned(),
        format!("…{tokens} tokens truncated…"),
        text[tail..].to_owned(),
    ])
}

/// Cuts the middle out of a text that is longer than `max` bytes, and says how many tokens are missing.
pub(crate) fn cut_middle(text: &mut String, max: usize) {
    if let Some(ends) = ends(text, max) {
        *text = ends.concat();
    }
}

/// Cuts the output of a tool to `max` bytes of text: of parts, the first ones are kept. Images count nothing, and empty
/// texts say nothing. To be done once: what is cut again counts the wrong tokens.
pub(crate) fn cut_output(output: &mut FunctionOutput, max: usize) {
    let parts = match output {
        FunctionOutput::Text(text) => return cut_middle(text, max),
        FunctionOutput::Parts(parts) => parts,
    };
    let mut left = max;
    let mut omitted = 0;
    parts.retain_mut(|part| {
        let ContentItem::InputText { text, .. } = part else {
            return true;
        };
        let length = text.len();
        if length > 0 && left == 0 {
            omitted += 1;
            return false;
        }
        cut_middle(text, left);
        left = left.saturating_sub(length);
        length > 0
    });
    if omitted > 0 {
        parts.push(ContentItem::input_text(format!(
            "[omitted {omitted} text items ...]"
        )));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_texts_lose_their_middle_at_character_boundaries() {
        let mut text = "ä".repeat(100);
        cut_middle(&mut text, 51);
        assert!(text.starts_with("ää") && text.ends_with("ää"));
        assert!(text.contains("…38 tokens truncated…"), "{text}");
        let mut short = "short".to_owned();
        cut_middle(&mut short, 5);
        assert_eq!(short, "short");
    }

    #[test]
    fn of_many_parts_the_first_are_kept_and_images_all() {
        let text = |text: &str| ContentItem::input_text(text);
        let image = || ContentItem::InputImage {
            image_url: Some("data:,".into()),
            file_id: None,
            detail: None,
            extra: crate::model::Extra::new(),
        };
        let long = "x".repeat(40);
        let mut output = FunctionOutput::Parts(vec![
            text("ab"),
            text(""),
            text(&long),
            text("c"),
            image(),
            text("d"),
        ]);
        cut_output(&mut output, 10);
        let told = serde_json::to_value(&output).unwrap();
        assert_eq!(told[0]["text"], "ab");
        assert_eq!(told[1]["text"], "xxxx…8 tokens truncated…xxxx");
        assert_eq!(told[2]["type"], "input_image");
        assert_eq!(
            told[3],
            json!({"type": "input_text", "text": "[omitted 2 text items ...]"})
        );
        assert_eq!(told.as_array().map(Vec::len), Some(4));
    }
}

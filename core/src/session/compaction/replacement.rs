//! The history that a model goes on with after a compaction.

use serde_json::Value;

use crate::exec::{cut_middle, ends};
use crate::instructions;
use crate::model::item_size::{ItemSize, text_bytes, text_tokens};
use crate::model::{ContentItem, KnownItem, ResponseItem, message_origin};

/// Tokens of the user's messages that are kept beside a summary.
const BESIDE_TEXT: usize = 20_000;
/// And beside one that only the server can read.
const BESIDE_SEALED: usize = 64_000;

/// What stands for the part of a history that is left out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Summary {
    /// Text, to be read by any model.
    Text(String),
    /// An item that only the server can read which made it. Images of the user go with it.
    Sealed(ResponseItem),
}

/// What a replacement is made of.
pub(crate) struct Parts<'a> {
    /// The history, oldest first.
    pub(crate) items: &'a [ResponseItem],
    /// How many of its first items come from an earlier compaction: their images are not taken over again, so that a
    /// history does not carry them for ever.
    pub(crate) replaced: usize,
    /// What the model must know of its surroundings.
    pub(crate) context: Vec<ResponseItem>,
    pub(crate) summary: Summary,
    /// Tokens of the model's window.
    pub(crate) window: i64,
}

/// The new history: the user's messages and what the client handed in to stay, newest first up to a budget, in their order;
/// the context just before the last of them; the summary. Earlier summaries are dropped: the new one knows what they said.
pub(crate) fn build(parts: Parts<'_>) -> Vec<ResponseItem> {
    let Parts {
        items,
        replaced,
        context,
        summary,
        window,
    } = parts;
    let with_images = matches!(summary, Summary::Sealed(_));
    let mut history = Vec::new();
    let mut left = budget(&summary, window);
    for (place, item) in items.iter().enumerate().rev() {
        if left == 0 {
            break;
        }
        let stays = if message_origin::is_of_user(item) {
            kept(item, with_images && place >= replaced, with_images, left)
        } else if message_origin::is_retained(item) {
            kept_output(item, left)
        } else {
            None
        };
        if let Some((item, tokens)) = stays {
            left = left.saturating_sub(tokens);
            history.push(item);
        }
    }
    history.reverse();
    let last = history.pop();
    history.extend(context);
    history.extend(last);
    history.push(match summary {
        Summary::Text(text) => message_origin::summary(text),
        Summary::Sealed(item) => item,
    });
    history
}

/// Small windows must hold more than what is kept.
fn budget(summary: &Summary, window: i64) -> usize {
    let most = match summary {
        Summary::Text(_) => BESIDE_TEXT,
        Summary::Sealed(_) => BESIDE_SEALED,
    };
    most.min(usize::try_from(window).unwrap_or(0) / 4)
}

/// A message of the user as it is kept, within so many tokens, and how many it has. Of one that is longer, the middle is
/// left out. `None`: nothing of it can be kept.
fn kept(item: &ResponseItem, images: bool, mention: bool, left: usize) -> Option<(ResponseItem, usize)> {
    let ResponseItem::Known(KnownItem::Message {
        id,
        role,
        content,
        phase,
        extra,
    }) = item
    else {
        return None;
    };
    let mut tokens = 0;
    let mut parts = Vec::new();
    for part in content {
        match part {
            ContentItem::InputText { text, extra } => {
                let room = left - tokens;
                if room == 0 || text.is_empty() {
                    continue;
                }
                tokens += text_tokens(text).min(room);
                let texts = match ends(text, text_bytes(room)) {
                    Some(cut) => Vec::from(cut),
                    None => vec![text.clone()],
                };
                // A part each, so that nobody takes the words in the gap for the user's.
                parts.extend(texts.into_iter().filter(|text| !text.is_empty()).map(|text| {
                    ContentItem::InputText {
                        text,
                        extra: extra.clone(),
                    }
                }));
            }
            ContentItem::InputImage { .. } if images => parts.push(part.clone()),
            ContentItem::InputImage { .. } if mention => {
                parts.push(ContentItem::input_text(instructions::IMAGE_LEFT_OUT));
            }
            _ => {}
        }
    }
    if parts.is_empty() {
        return None;
    }
    let message = KnownItem::Message {
        id: id.clone(),
        role: role.clone(),
        content: parts,
        phase: *phase,
        extra: extra.clone(),
    };
    Some((ResponseItem::Known(message), tokens))
}

/// The same for an output that the client handed in. Parts go whole or not at all.
fn kept_output(item: &ResponseItem, left: usize) -> Option<(ResponseItem, usize)> {
    let mut item = item.clone();
    let ResponseItem::Other(value) = &mut item else {
        return None;
    };
    if let Value::String(text) = &mut value["output"] {
        let whole = text_tokens(text);
        if whole > left {
            cut_middle(text, text_bytes(left));
        }
        return Some((item, whole.min(left)));
    }
    let tokens = ItemSize::of(&item).tokens();
    (tokens <= left).then_some((item, tokens))
}

/// The last text of the model in a history.
pub(crate) fn last_text(items: &[ResponseItem]) -> Option<String> {
    items.iter().rev().find_map(|item| match item {
        ResponseItem::Known(KnownItem::Message { role, content, .. }) if role == "assistant" => {
            let text: String = content.iter().filter_map(ContentItem::said).collect();
            (!text.trim().is_empty()).then_some(text)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const WINDOW: i64 = 258_400;

    fn user(text: &str) -> ResponseItem {
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}).into()
    }

    fn model(text: &str) -> ResponseItem {
        ResponseItem::of_model(text.to_owned())
    }

    fn developer() -> ResponseItem {
        json!({"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "rules"}]})
            .into()
    }

    fn text(item: &ResponseItem) -> String {
        match item {
            ResponseItem::Known(KnownItem::Message { content, .. }) => content
                .iter()
                .map(|part| match part {
                    ContentItem::InputText { text, .. } | ContentItem::OutputText { text, .. } => {
                        text.clone()
                    }
                    ContentItem::InputImage { .. } => "(image)".into(),
                    ContentItem::Other(_) => String::new(),
                })
                .collect(),
            _ => "sealed".into(),
        }
    }

    fn built(items: &[ResponseItem], summary: Summary) -> Vec<String> {
        built_after(items, 0, summary)
    }

    fn built_after(items: &[ResponseItem], replaced: usize, summary: Summary) -> Vec<String> {
        let parts = Parts {
            items,
            replaced,
            context: vec![developer()],
            summary,
            window: WINDOW,
        };
        build(parts).iter().map(text).collect()
    }

    fn short() -> Summary {
        Summary::Text("sum".into())
    }

    #[test]
    fn more_of_what_users_said_stays_beside_a_summary_that_only_the_server_can_read() {
        let long = "word ".repeat(8000);
        let items: Vec<_> = (0..8).map(|_| user(&long)).collect();
        let kept = |summary| {
            let built = built(&items, summary);
            built.iter().map(String::len).sum::<usize>() / 4
        };
        let sealed = Summary::Sealed(json!({"type": "compaction", "encrypted_content": "…"}).into());
        let (beside_text, beside_sealed) = (kept(short()), kept(sealed));
        assert!((19_000..21_000).contains(&beside_text), "{beside_text}");
        assert!((63_000..65_000).contains(&beside_sealed), "{beside_sealed}");
    }

    #[test]
    fn the_context_comes_just_before_the_last_words_of_the_user() {
        let items = [
            user("<environment_context>…"),
            user("one"),
            model("first"),
            message_origin::summary("old".into()),
            user("two"),
            user("<turn_aborted>…"),
            model("second"),
        ];
        assert_eq!(built(&items, short()), ["one", "rules", "two", "sum"]);
        assert_eq!(built(&items[..1], short()), ["rules", "sum"]);
        assert_eq!(built(&[], short()), ["rules", "sum"]);
    }

    #[test]
    fn the_newest_messages_are_kept_and_the_oldest_of_them_loses_its_middle() {
        let long =
            |first: &str, tokens: usize| user(&format!("{first}{}", "x".repeat(tokens * 4 - first.len())));
        let items = [long("a", 9_000), long("b", 15_000), long("c", 10_000)];
        let told = built(&items, short());
        assert_eq!(told.len(), 4);
        assert!(told[0].starts_with('b') && told[0].contains("…5000 tokens truncated…"));
        assert_eq!(told[2].len(), 40_000);
        let parts = Parts {
            items: &items,
            replaced: 0,
            context: Vec::new(),
            summary: short(),
            window: WINDOW,
        };
        let ResponseItem::Known(KnownItem::Message { content, .. }) = &build(parts)[0] else {
            panic!("no message");
        };
        assert_eq!(
            content.len(),
            3,
            "the words in the gap are no part of what was said"
        );
        assert_eq!(content[1], ContentItem::input_text("…5000 tokens truncated…"));
        let kept: usize = [&told[0], &told[2]].iter().map(|text| text.len()).sum();
        assert!((80_000..80_100).contains(&kept), "{kept}");
    }

    #[test]
    fn a_small_window_holds_more_than_what_is_kept() {
        let parts = Parts {
            items: &[user(&"x".repeat(400_000))],
            replaced: 0,
            context: Vec::new(),
            summary: short(),
            window: 8_000,
        };
        assert!(text(&build(parts)[0]).len() < 8_100);
    }

    #[test]
    fn images_stay_with_a_sealed_summary_and_are_taken_over_once() {
        let shown = |words: &str| -> ResponseItem {
            json!({"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": words}, {"type": "input_image", "image_url": "data:image/png;base64,AA"},
            ]})
            .into()
        };
        let sealed = || Summary::Sealed(json!({"type": "compaction", "encrypted_content": "x"}).into());
        let items = [shown("old "), shown("new ")];
        assert_eq!(built(&items, short()), ["old ", "rules", "new ", "sum"]);
        assert_eq!(
            built(&items, sealed()),
            ["old (image)", "rules", "new (image)", "sealed"]
        );
        let again = built_after(&items, 1, sealed());
        assert_eq!(again[0], format!("old {}", instructions::IMAGE_LEFT_OUT));
        assert_eq!(again[2], "new (image)");
    }

    #[test]
    fn the_last_text_is_the_models_own() {
        let items = [model("first"), model("second"), user("third"), model("  ")];
        assert_eq!(last_text(&items).as_deref(), Some("second"));
        assert_eq!(last_text(&[user("x")]), None);
    }

    fn any_item() -> impl Strategy<Value = ResponseItem> {
        let long = (300usize..20_000).prop_map(|times| "xé ".repeat(times));
        let words = prop_oneof!["[a-zé ]{0,40}", long, "<environment_context>.{0,9}"];
        let role = prop_oneof![Just("user"), Just("assistant"), Just("developer")];
        (role, words, any::<bool>()).prop_map(|(role, words, image)| {
            let kind = if role == "assistant" {
                "output_text"
            } else {
                "input_text"
            };
            let mut content = vec![json!({"type": kind, "text": words})];
            if image {
                content.push(json!({"type": "input_image", "image_url": "data:,"}));
            }
            json!({"type": "message", "role": role, "content": Value::Array(content)}).into()
        })
    }

    proptest! {
        #[test]
        fn a_replacement_is_short_ordered_and_ends_with_the_summary(
            items in proptest::collection::vec(any_item(), 0..30),
            window in 0i64..300_000,
            replaced in 0usize..30,
        ) {
            let parts = Parts { items: &items, replaced, context: vec![developer()], summary: short(), window };
            let new = build(parts);
            prop_assert_eq!(new.last().map(text), Some("sum".to_owned()));
            let kept: Vec<_> = new[..new.len() - 1].iter().filter(|item| message_origin::is_of_user(item)).collect();
            let length: usize = kept.iter().map(|item| text(item).len()).sum();
            // A cut leaves its mark behind, and text is cut at characters.
            prop_assert!(length <= budget(&short(), window) * 4 + 60, "{length}");
            let place = new.iter().position(|item| *item == developer());
            let expected = if kept.is_empty() { 0 } else { new.len() - 3 };
            prop_assert_eq!(place, Some(expected));
            // The newest message of the user is there, or the beginning and the end of it.
            if let Some(newest) = items.iter().rfind(|item| message_origin::is_of_user(item) && !text(item).replace("(image)", "").is_empty())
                && budget(&short(), window) > 100
            {
                let start: String = text(newest).replace("(image)", "").chars().take(20).collect();
                let found = kept.last().map(|item| text(item)).unwrap_or_default();
                prop_assert!(found.starts_with(&start), "{found:.40} {start}");
            }
        }
    }
}

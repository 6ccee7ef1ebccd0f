//! Leaving out the oldest parts of a history, for a request that is too long.

use crate::model::item_size::ItemSize;
use crate::model::{ResponseItem, pairing};

/// Attempts to send a history that is too long: the last of them leaves out more than 999 of 1,000 parts.
pub(crate) const MOST_ATTEMPTS: u32 = 8;

/// Where the newest part of a history begins that has at most `tokens`, by estimate. No call is separated from its
/// output. A part that is longer is as short as possible; it is never empty.
pub(crate) fn newest_within(items: &[ResponseItem], tokens: usize) -> usize {
    let mut left = ItemSize::of_all(items);
    let mut place = 0;
    let mut start = 0;
    for cut in pairing::clean_cuts(items) {
        left = left - ItemSize::of_all(&items[place..cut]);
        place = cut;
        start = cut;
        if left.tokens() <= tokens {
            break;
        }
    }
    start
}

/// Where to begin after a request that began at `start` was too long: each attempt leaves out a larger share of what was
/// left. `None`: nothing can be left out any more.
pub(crate) fn after_refusal(items: &[ResponseItem], start: usize, attempt: u32) -> Option<usize> {
    let rest = items.get(start..)?;
    let tokens = ItemSize::of_all(rest).tokens();
    let kept = match attempt {
        0 => tokens / 4 * 3,
        1 => tokens / 2,
        2.. if attempt < MOST_ATTEMPTS => tokens / 4,
        _ => return None,
    };
    let next = newest_within(rest, kept);
    (next > 0).then_some(start + next)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn said(length: usize) -> ResponseItem {
        let text = "x".repeat(length);
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}).into()
    }

    #[test]
    fn each_refusal_leaves_out_more_and_the_last_item_stays() {
        let items: Vec<_> = (0..1_000).map(|_| said(400)).collect();
        let mut start = 0;
        let mut attempts = 0;
        while let Some(next) = after_refusal(&items, start, attempts) {
            assert!(next > start && next < items.len());
            start = next;
            attempts += 1;
        }
        assert!(attempts <= MOST_ATTEMPTS, "{attempts}");
        assert!(start >= 998, "{start}");
        assert_eq!(after_refusal(&items[..1], 0, 0), None);
        assert_eq!(after_refusal(&[], 0, 0), None);
    }

    #[test]
    fn a_history_that_fits_stays_whole() {
        let items: Vec<_> = (0..10).map(|_| said(400)).collect();
        assert_eq!(newest_within(&items, usize::MAX), 0);
        assert_eq!(newest_within(&items, 0), 9);
        assert_eq!(newest_within(&[], 0), 0);
    }

    fn history() -> impl Strategy<Value = Vec<ResponseItem>> {
        let group = prop_oneof![
            (1usize..2_000).prop_map(|length| vec![said(length)]),
            (1usize..4, 1usize..2_000).prop_map(|(calls, length)| {
                let call =
                    |id| json!({"type": "function_call", "call_id": id, "name": "n", "arguments": "{}"});
                let output =
                    |id| json!({"type": "function_call_output", "call_id": id, "output": "y".repeat(length)});
                (0..calls)
                    .map(call)
                    .chain((0..calls).rev().map(output))
                    .map(|mut item| {
                        item["call_id"] = item["call_id"].to_string().into();
                        item.into()
                    })
                    .collect()
            }),
        ];
        proptest::collection::vec(group, 1..30).prop_map(|groups| groups.concat())
    }

    proptest! {
        #[test]
        fn no_cut_leaves_an_output_without_its_call(items in history(), tokens in 0usize..20_000) {
            let start = newest_within(&items, tokens);
            prop_assert!(start < items.len());
            let mut closed = items[start..].to_vec();
            pairing::close_calls(&mut closed, 0);
            prop_assert_eq!(closed.as_slice(), &items[start..], "all have their counterparts");
            let left = ItemSize::of_all(&items[start..]).tokens();
            let last_cut = pairing::clean_cuts(&items).last() == Some(&start);
            prop_assert!(left <= tokens || last_cut, "{left} of {tokens}");
        }
    }
}

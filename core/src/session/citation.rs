//! Which memories a message rests on: the model says so in blocks `<oai-mem-citation>`, which users don't see
//! (docs/contract/items-and-approvals.md#memory-citations).

use crate::{MemoryCitation, MemoryCitationEntry};

const OPEN: &str = "<oai-mem-citation>";
const CLOSE: &str = "</oai-mem-citation>";

/// Places, and threads, of one message at most.
const MAX: usize = 1000;

/// Takes the blocks out of a text as it comes in. Text is held back only as long as it may still become a mark.
#[derive(Debug, Default)]
pub(crate) struct CitationFilter {
    held: String,
    inside: bool,
}

impl CitationFilter {
    /// What more text gives to show.
    pub(crate) fn push(&mut self, text: String) -> String {
        if !self.inside && self.held.is_empty() && !text.contains('<') {
            return text;
        }
        self.held.push_str(&text);
        let (mut shown, mut from) = (String::new(), 0);
        loop {
            let mark = if self.inside { CLOSE } else { OPEN };
            let rest = &self.held[from..];
            let (end, next) = match rest.find(mark) {
                Some(at) => (at, at + mark.len()),
                None => {
                    // Marks have one `<` only.
                    let may_become = |at: &usize| mark.starts_with(&rest[*at..]);
                    let end = rest.rfind('<').filter(may_become);
                    let end = end.unwrap_or(rest.len());
                    (end, end)
                }
            };
            if !self.inside {
                shown.push_str(&rest[..end]);
            }
            from += next;
            if next == end {
                self.held.drain(..from);
                return shown;
            }
            self.inside = !self.inside;
        }
    }

    /// What is left to show when the text is over.
    pub(crate) fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.held);
        if self.inside { String::new() } else { rest }
    }
}

/// A whole text without the blocks, and what they say.
pub(crate) fn split(text: &str) -> (String, Option<MemoryCitation>) {
    let (mut shown, mut citation) = (String::new(), MemoryCitation::default());
    let mut rest = text;
    while let Some((before, block)) = rest.split_once(OPEN) {
        shown.push_str(before);
        // One that is never closed goes to the end, and counts for nothing.
        let (block, behind) = block.split_once(CLOSE).unwrap_or_default();
        read(block, &mut citation);
        rest = behind;
    }
    shown.push_str(rest);
    let is_any = citation != MemoryCitation::default();
    (shown, is_any.then_some(citation))
}

/// Reads one block; lines that can't be read are passed over.
fn read(block: &str, citation: &mut MemoryCitation) {
    let lines = |open: &str, close: &str| {
        let inner = block
            .split_once(open)
            .and_then(|(_, rest)| rest.split_once(close));
        inner.unwrap_or_default().0.lines().map(str::trim)
    };
    let entries = lines("<citation_entries>", "</citation_entries>").filter_map(entry);
    let left = MAX.saturating_sub(citation.entries.len());
    citation.entries.extend(entries.take(left));
    let ids = lines("<rollout_ids>", "</rollout_ids>").chain(lines("<thread_ids>", "</thread_ids>"));
    for id in ids.filter(|id| !id.is_empty()).take(MAX) {
        let known = &mut citation.rollout_ids;
        if known.len() < MAX && known.iter().all(|known| known != id) {
            known.push(id.to_owned());
        }
    }
}

/// `path:1-2|note=[text]`.
fn entry(line: &str) -> Option<MemoryCitationEntry> {
    let (place, note) = line.strip_suffix(']')?.split_once("|note=[")?;
    let (path, lines) = place.rsplit_once(':')?;
    let (start, end) = lines.split_once('-')?;
    Some(MemoryCitationEntry {
        path: path.to_owned(),
        line_start: start.parse().ok()?,
        line_end: end.parse().ok()?,
        note: note.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_not_be_read_is_passed_over() {
        let block = "<oai-mem-citation><citation_entries>\na b.md:1-2|note=[x]y]\nc.md:4|note=[z]\nd.md:-1-2|note=[n]\n\
            </citation_entries><rollout_ids>\nr\n\nr\n</rollout_ids></oai-mem-citation>";
        let (text, citation) = split(&format!("A{block}B<oai-mem-citation>junk"));
        assert_eq!(text, "AB");
        let citation = citation.unwrap();
        assert_eq!(citation.rollout_ids, ["r"]);
        let [entry] = &citation.entries[..] else {
            panic!("{citation:?}");
        };
        assert_eq!((&*entry.path, &*entry.note), ("a b.md", "x]y"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// However a text is cut into deltas, the same is shown.
        #[test]
        fn any_chunking_shows_the_same(
            parts in prop::collection::vec("(<oai-mem-citation>|</oai-mem-citation>|<oai-|<|[a-zä]{0,3})", 0..12),
            size in 1usize..9,
        ) {
            let text = parts.concat();
            let mut filter = CitationFilter::default();
            let chars: Vec<char> = text.chars().collect();
            let mut shown: String = chars.chunks(size).map(|part| filter.push(part.iter().collect())).collect();
            shown += &filter.finish();
            prop_assert_eq!(shown, split(&text).0);
        }
    }
}

//! The grammar of tree-sitter-bash, and what it is given to read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

/// How long the grammar may take for a script. What takes longer counts as unreadable.
const PARSE_TIME: Duration = Duration::from_millis(100);

/// Reads a script. What the tree says of places holds for the script as it is.
pub(super) fn parse(source: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    let deadline = Instant::now() + PARSE_TIME;
    let mut in_time = |_: &ParseState| {
        if Instant::now() < deadline {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut in_time);
    let bytes = with_small_letters(source)?;
    let mut text = |offset: usize, _| bytes.get(offset..).unwrap_or_default();
    parser.parse_with_options(&mut text, None, Some(options))
}

/// The script with other letters, of the same length, in place of characters that are not ASCII.
///
/// The grammar's scanner asks the C library about characters as if they were bytes (tree-sitter-bash 0.25,
/// src/scanner.c), which reads beyond its tables for those from U+0100 on, and its blanks are those of Unicode, where a
/// shell knows ASCII's only. The letters are U+00C0 to U+00FF, followed by small ones where the character is longer.
/// Different characters stay different, so that here-documents end where they end. `None`: there are too many different
/// ones, 32 of two bytes or 832 of more.
fn with_small_letters(source: &str) -> Option<Cow<'_, [u8]>> {
    if source.is_ascii() {
        return Some(Cow::Borrowed(source.as_bytes()));
    }
    let mut bytes = Vec::with_capacity(source.len());
    let (mut short, mut long) = (HashMap::new(), HashMap::new());
    for character in source.chars() {
        if character.is_ascii() {
            bytes.push(u8::try_from(character).ok()?);
            continue;
        }
        let rest = character.len_utf8() - 2;
        let (known, first) = if rest == 0 {
            (&mut short, 0x80)
        } else {
            (&mut long, 0xa0)
        };
        let next = known.len();
        let number = *known.entry(character).or_insert(next);
        let following = u8::try_from(number / 32).ok()?;
        if following >= if rest == 0 { 1 } else { 26 } {
            return None;
        }
        let last = first + u8::try_from(number % 32).ok()?;
        bytes.extend([0xc3, last]);
        bytes.extend(std::iter::repeat_n(b'a' + following, rest));
    }
    Some(Cow::Owned(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_character_reads_beyond_the_tables_of_the_library() {
        for script in [
            "{😀",
            "{1..😀}",
            "echo {a..\u{10ffff}}",
            "x=$'\u{2028}'",
            "${é:😀}",
            "<<é\n1\né",
        ] {
            assert!(parse(script).is_some(), "{script}");
        }
    }

    #[test]
    fn a_here_document_ends_at_its_own_end_only() {
        // What the grammar can't find the end of is unreadable, and not a document to the end of the script.
        for script in [
            "cat <<é\n1\né\nrm -rf x\n",
            "cat <<é\nè\n: '\né\nrm -rf x\n'\n",
            "cat <<'aé'\n1\naé\nrm x\n",
        ] {
            let tree = parse(script).expect("read");
            assert!(tree.root_node().has_error(), "{script}: {}", tree.root_node());
        }
        let tree = parse("cat <<a\né\nа\na\nls\n").expect("read");
        assert!(!tree.root_node().has_error());
        assert!(
            tree.root_node().to_sexp().matches("(command ").count() == 2,
            "{}",
            tree.root_node()
        );
    }

    #[test]
    fn blanks_of_other_scripts_are_parts_of_words() {
        let tree = parse("a\u{a0}b\u{3000}c").expect("readable");
        assert!(!tree.root_node().has_error());
        assert!(
            tree.root_node().to_sexp().matches("word").count() <= 1,
            "{}",
            tree.root_node()
        );
    }

    proptest! {
        #[test]
        fn places_stay_and_characters_stay_apart(
            text in prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter),
        ) {
            let Some(bytes) = with_small_letters(&text) else {
                return Err(TestCaseError::reject("too many"));
            };
            prop_assert_eq!(bytes.len(), text.len());
            let read = std::str::from_utf8(&bytes).expect("UTF-8");
            let starts: Vec<_> = text.char_indices().collect();
            for (here, one) in &starts {
                prop_assert!(read.is_char_boundary(*here));
                for (there, other) in &starts {
                    let same = bytes[*here..*here + one.len_utf8()] == bytes[*there..*there + other.len_utf8()];
                    prop_assert_eq!(same, one == other, "{:?} {:?}", one, other);
                }
            }
        }
    }
}

//! Texts without breaks.

/// A text with one space for each stretch of white space, and none around it.
pub(crate) fn on_one_line(text: &str) -> String {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~');
    let bytes = text.as_bytes();
    // Nearly all are so already, but for the edges.
    if bytes.iter().all(is_plain) && !bytes.windows(2).any(|two| two == b"  ") {
        return text.trim_matches(' ').to_owned();
    }
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_line_has_the_words_of_the_text_with_one_space_between(text in "[a-c \\t\\n\u{e9}\u{a0}]{0,12}") {
            prop_assert_eq!(on_one_line(&text), text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}

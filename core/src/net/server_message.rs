//! What a server says, made fit to be shown: bounded, on one line, without control characters.

/// Most that is shown of what a server says, in bytes.
pub(crate) const MAX_WORDS: usize = 2048;

/// The text without control characters (line ends and tabs become spaces), cut at [`MAX_WORDS`].
pub(crate) fn clean(text: &str) -> String {
    clean_up_to(text, MAX_WORDS)
}

/// The text without control characters, cut at so many bytes.
pub(crate) fn clean_up_to(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    for c in text.trim().chars() {
        let c = if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c };
        if c.is_control() || is_invisible_direction(c) || (c == ' ' && out.ends_with(' ')) {
            continue;
        }
        if out.len() + c.len_utf8() > max {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out
}

/// The same for bytes that should be UTF-8. Only as many are looked at as can be shown.
pub(crate) fn of_bytes(bytes: &[u8], max: usize) -> String {
    // Removed characters must not make a long text look empty: four times as much is read.
    let start = &bytes[..bytes.len().min(max.saturating_mul(4))];
    clean_up_to(&String::from_utf8_lossy(start), max)
}

/// Characters that turn around the text behind them.
fn is_invisible_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_no_control_characters_and_a_bound() {
        assert_eq!(clean("\u{1b}[31mred\u{7}\r\n\tline\u{0}\u{9b}"), "[31mred line");
        assert_eq!(clean("  a \n b  "), "a b");
        assert_eq!(clean("a\u{202e}b"), "ab");
        assert_eq!(clean(&"é".repeat(5000)).len(), MAX_WORDS);
        assert_eq!(clean_up_to("aé", 2), "a");
        assert_eq!(of_bytes(b"\xff\x00ok", 100), "\u{fffd}ok");
        assert!(of_bytes(&vec![b'x'; 1 << 20], 100).len() == 100);
    }
}

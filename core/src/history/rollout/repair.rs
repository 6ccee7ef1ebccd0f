//! Lines that are JSON but for a text in them: the text is repaired, so that it costs nothing else.

use std::borrow::Cow;

/// Whether text may hold half of a surrogate pair as an escape. Whole pairs are found too.
pub(crate) fn may_hold_surrogates(text: &[u8]) -> bool {
    let mut from = 0;
    while let Some(found) = memchr::memmem::find(&text[from..], b"\\u") {
        let at = from + found + 2;
        if matches!(text.get(at), Some(b'd' | b'D'))
            && matches!(text.get(at + 1), Some(b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F'))
        {
            return true;
        }
        from = at;
    }
    false
}

/// The line with U+FFFD in the place of lone surrogates, of unknown escapes and of what isn't UTF-8, and with control
/// characters escaped. `None` if there is nothing to repair.
pub(crate) fn line(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(bytes);
    let mut changed = matches!(text, Cow::Owned(_));
    let text = text.as_bytes();
    let mut out = Vec::with_capacity(text.len());
    let (mut at, mut in_string) = (0, false);
    while let Some(byte) = text.get(at).copied() {
        match byte {
            b'\\' if in_string => {
                let escape = &text[at..];
                let (taken, replaced) = escaped(escape);
                if replaced {
                    out.extend_from_slice(b"\\ufffd");
                    changed = true;
                } else {
                    out.extend_from_slice(&escape[..taken]);
                }
                at += taken;
                continue;
            }
            b'"' => in_string = !in_string,
            0..0x20 if in_string => {
                out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                changed = true;
                at += 1;
                continue;
            }
            _ => {}
        }
        out.push(byte);
        at += 1;
    }
    changed.then_some(out)
}

/// How many bytes the escape takes that the text begins with, and whether it is to be replaced.
fn escaped(text: &[u8]) -> (usize, bool) {
    match text.get(1) {
        Some(b'u') => match unit(text) {
            Some(0xd800..0xdc00) if matches!(text.get(6..).and_then(unit), Some(0xdc00..0xe000)) => {
                (12, false)
            }
            Some(0xd800..0xe000) => (6, true),
            Some(_) => (6, false),
            None => (2, true),
        },
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => (2, false),
        // The character behind it stays.
        _ => (1, true),
    }
}

/// The code unit of the escape that the text begins with.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| {
        let digit = u16::try_from(char::from(*digit).to_digit(16)?).ok()?;
        Some(unit << 4 | digit)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn only_what_is_broken_is_replaced() {
        for (broken, text) in [
            (&br#"{"a":"x\ud83dy"}"#[..], "x\u{fffd}y"),
            (br#"{"a":"\uDE00"}"#, "\u{fffd}"),
            (br#"{"a":"\ud83d\ud83d\ude00"}"#, "\u{fffd}\u{1f600}"),
            (br#"{"a":"\\ud83d \ud83d"}"#, "\\ud83d \u{fffd}"),
            (b"{\"a\":\"tab\there\"}", "tab\there"),
            (br#"{"a":"\x41 \u12"}"#, "\u{fffd}x41 \u{fffd}12"),
            (b"{\"a\":\"\xff\xfe\"}", "\u{fffd}\u{fffd}"),
        ] {
            assert!(serde_json::from_slice::<Value>(broken).is_err());
            let whole = line(broken).expect("something to repair");
            let value: Value = serde_json::from_slice(&whole).expect("JSON");
            assert_eq!(value["a"], text);
        }
        for sound in [
            r#"{"a":"\\ud83d"}"#,
            r#"{"a":"\ud83d\ude00\n"}"#,
            "{\n\"a\": 1}",
            "garbage",
        ] {
            assert_eq!(line(sound.as_bytes()), None, "{sound}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_json_stays_as_it_is(text in any::<String>(), bytes in proptest::collection::vec(any::<u8>(), 0..99)) {
            let sound = serde_json::to_vec(&text).expect("a string");
            prop_assert_eq!(line(&sound), None);
            let _ = line(&bytes);
        }
    }
}

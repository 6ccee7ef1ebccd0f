//! Processes of clients: limits, sizes, input and output.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use codex_core::TerminalSize;

use super::invalid_params::InvalidParams;

/// What a client asked for, or why it can't be.
type Converted<T> = Result<T, InvalidParams>;

/// How long a process may take, unless the client says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of output per stream, unless the client says otherwise.
const DEFAULT_OUTPUT_CAP: usize = 1024 * 1024;

/// Size of a terminal, unless the client says otherwise.
const DEFAULT_SIZE: (u16, u16) = (24, 80);

/// A limit: `None` if the client doesn't say, `Some(None)` for none.
pub(crate) type Limit<T> = Option<Option<T>>;

/// How long a process of `method` may take.
pub(crate) fn timeout(method: &str, asked: Limit<i64>) -> Converted<Option<Duration>> {
    match asked {
        None => Ok(Some(DEFAULT_TIMEOUT)),
        Some(None) => Ok(None),
        Some(Some(milliseconds)) => {
            let milliseconds = u64::try_from(milliseconds).map_err(|_| {
                InvalidParams::Malformed(format!(
                    "{method} timeoutMs must be non-negative, got {milliseconds}"
                ))
            })?;
            Ok(Some(Duration::from_millis(milliseconds)))
        }
    }
}

/// How much output of each stream counts.
pub(crate) fn output_cap(asked: Limit<usize>) -> Option<usize> {
    asked.unwrap_or(Some(DEFAULT_OUTPUT_CAP))
}

/// The terminal of a process, if it has one; a size is `(rows, cols)`.
pub(crate) fn terminal(method: &str, tty: bool, size: Option<(u16, u16)>) -> Converted<Option<TerminalSize>> {
    match (tty, size) {
        (false, Some(_)) => Err(InvalidParams::Malformed(format!(
            "{method} size requires tty: true"
        ))),
        (false, None) => Ok(None),
        (true, size) => terminal_size(method, size.unwrap_or(DEFAULT_SIZE)).map(Some),
    }
}

/// A size that a terminal can have.
pub(crate) fn terminal_size(method: &str, (rows, cols): (u16, u16)) -> Converted<TerminalSize> {
    if rows == 0 || cols == 0 {
        return Err(InvalidParams::Malformed(format!(
            "{method} size rows and cols must be greater than 0"
        )));
    }
    Ok(TerminalSize { rows, cols })
}

/// What is to be written, by `method`.
pub(crate) fn input(method: &str, delta_base64: Option<String>, close: bool) -> Converted<Vec<u8>> {
    match delta_base64 {
        None if !close => Err(InvalidParams::Malformed(format!(
            "{method} requires deltaBase64 or closeStdin"
        ))),
        None => Ok(Vec::new()),
        Some(text) => BASE64_STANDARD
            .decode(text)
            .map_err(|error| InvalidParams::Malformed(format!("invalid deltaBase64: {error}"))),
    }
}

/// A piece of output, for a notification.
pub(crate) fn delta(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// All output of a stream as text. What is not UTF-8 is taken for Windows-1252, which has Latin-1 in it: a guess that
/// gives every byte a character.
pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| error.as_bytes().iter().map(|byte| windows_1252(*byte)).collect())
}

/// The character of a byte (WHATWG Encoding Standard, index windows-1252).
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}',
        '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}',
        '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}',
        '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_output_is_text() {
        assert_eq!(text("grün".into()), "grün");
        assert_eq!(text(b"a\xffb".to_vec()), "aÿb");
        assert_eq!(text(b"\x80 \x99".to_vec()), "€ ™");
    }
}

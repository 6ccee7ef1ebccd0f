//! What can be wrong with a configuration, and where.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A place in a text file, both numbers counted from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextPosition {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// A stretch of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextRange {
    /// First character.
    pub start: TextPosition,
    /// Last character; the first, if there is none.
    pub end: TextPosition,
}

/// One thing that is wrong. `Display` gives `<path>:<line>:<column>: <reason>`, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The file; `None` when no single file is at fault.
    pub path: Option<PathBuf>,
    /// Where in the file.
    pub range: Option<TextRange>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}:", path.display())?;
            if let Some(range) = &self.range {
                write!(f, "{}:{}:", range.start.line, range.start.column)?;
            }
            f.write_str(" ")?;
        }
        f.write_str(&self.message)
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// config.toml is at fault; the daemon starts on defaults and says so (docs/contract/configuration.md#mistakes).
    #[error("{0}")]
    File(ConfigProblem),
    /// The command line or the `config` of a request is at fault; on the command line this is fatal.
    #[error("{0}")]
    Override(String),
}

impl ConfigError {
    /// What is wrong, for a `configWarning`.
    pub fn problem(&self) -> ConfigProblem {
        match self {
            Self::File(problem) => problem.clone(),
            Self::Override(message) => ConfigProblem {
                path: None,
                range: None,
                message: message.clone(),
            },
        }
    }
}

impl From<ConfigError> for crate::Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error.to_string())
    }
}

/// A problem that the TOML reader found in a file.
pub(super) fn problem_in_file(path: &Path, text: &str, error: &toml::de::Error) -> ConfigProblem {
    ConfigProblem {
        path: Some(path.to_owned()),
        range: error.span().map(|span| range_in(text, span)),
        message: without_values(error.message().trim()).replace('\n', ", "),
    }
}

/// A stretch of bytes as lines and columns.
pub(super) fn range_in(text: &str, bytes: Range<usize>) -> TextRange {
    let stretch = text.get(bytes.clone()).unwrap_or_default();
    let last = stretch.char_indices().next_back().map_or(0, |(at, _)| at);
    TextRange {
        start: position(text, bytes.start),
        end: position(text, bytes.start + last),
    }
}

/// The message of a TOML reader without the value that it quotes: what stands where it does not belong may be a secret,
/// such as `http_headers = "Bearer …"`. Kinds of values and what was expected stay.
pub(crate) fn without_values(message: &str) -> String {
    for lead in ["invalid type: ", "invalid value: "] {
        let Some(start) = message.find(lead).map(|at| at + lead.len()) else {
            continue;
        };
        // The value may hold any text; what was expected is ours and comes last.
        let Some(end) = message.rfind(", expected ").filter(|end| *end >= start) else {
            return message[..start].trim_end_matches([':', ' ']).to_owned();
        };
        let told = &message[start..end];
        let kind = told
            .find(['"', '`', '\''])
            .map_or(told, |at| told[..at].trim_end());
        return format!("{}{kind}{}", &message[..start], &message[end..]);
    }
    message.to_owned()
}

fn position(text: &str, offset: usize) -> TextPosition {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    TextPosition {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_quoted() {
        for (message, shown) in [
            (
                "invalid type: string \"sk-1, expected `x\", expected a map",
                "invalid type: string, expected a map",
            ),
            (
                "invalid type: integer `5`, expected a string",
                "invalid type: integer, expected a string",
            ),
            (
                "invalid type: map, expected a string",
                "invalid type: map, expected a string",
            ),
            ("invalid value: string \"x\"", "invalid value"),
            (
                "unknown variant `x`, expected `a` or `b`",
                "unknown variant `x`, expected `a` or `b`",
            ),
        ] {
            assert_eq!(without_values(message), shown);
        }
    }

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let text = "a = 1\nä = ö\n";
        assert_eq!(position(text, 0), TextPosition { line: 1, column: 1 });
        let at = text.find('ö').expect("is there");
        assert_eq!(position(text, at), TextPosition { line: 2, column: 5 });
        assert_eq!(position(text, 9999), TextPosition { line: 3, column: 1 });
    }
}

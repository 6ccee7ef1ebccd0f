//! How much of an output the model gets (docs/contract/tools.md#output-limits).

use super::text::tokens;
use crate::char_boundary::{ceil, floor};
use crate::model::{TruncationMode, TruncationPolicy};

/// Tokens of an output unless the model asks for less or more, within its limit.
const COMMON: usize = 10_000;

/// The most that the model gets of one output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputLimit {
    /// So many bytes.
    Bytes(usize),
    /// So many tokens.
    Tokens(usize),
}

impl Default for OutputLimit {
    fn default() -> Self {
        Self::Tokens(COMMON)
    }
}

impl OutputLimit {
    /// The limit of a model, of which the user may have configured another size, in tokens.
    pub(crate) fn new(policy: TruncationPolicy, configured: Option<u64>) -> Self {
        let size = |size: i64| usize::try_from(size).unwrap_or(0);
        let configured = configured.map(|tokens| usize::try_from(tokens).unwrap_or(usize::MAX));
        match policy.mode {
            TruncationMode::Bytes => {
                Self::Bytes(configured.map_or_else(|| size(policy.limit), |tokens| tokens.saturating_mul(4)))
            }
            TruncationMode::Tokens => Self::Tokens(configured.unwrap_or_else(|| size(policy.limit))),
        }
    }

    /// Size in bytes.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Tokens(tokens) => tokens.saturating_mul(4),
        }
    }

    /// The limit of one call, for which the model asked for so many tokens. It is never above this one.
    pub(crate) fn lowered(self, asked: Option<usize>) -> Self {
        let asked = Self::Tokens(asked.unwrap_or(COMMON));
        if asked.bytes() < self.bytes() { asked } else { self }
    }

    /// The most bytes that a history keeps of one output: leaves room for what tools say around it.
    pub(crate) fn in_history(self) -> usize {
        self.bytes().saturating_add(self.bytes() / 5)
    }

    /// A text within this limit, or little above it: what is too long loses its middle and says so.
    pub(crate) fn cut(self, text: &str) -> String {
        self.cut_rest(text, text.len(), 0)
    }

    /// The same of what is left of an output of so many `bytes`, of which so many were `omitted` before.
    pub(super) fn cut_rest(self, text: &str, bytes: usize, omitted: usize) -> String {
        let budget = self.bytes();
        if text.len() <= budget {
            return text.to_owned();
        }
        let head = &text[..floor(text, budget / 2)];
        let tail = &text[ceil(text, text.len() - budget / 2)..];
        let middle = &text[head.len()..text.len() - tail.len()];
        let missing = match self {
            Self::Bytes(_) => format!("{} chars", middle.chars().count()),
            Self::Tokens(_) => format!("{} tokens", tokens(middle.len())),
        };
        // Nobody has counted the lines of what is gone.
        let size = if omitted > 0 {
            format!("... {omitted} bytes omitted ...")
        } else {
            format!("Total output lines: {}", text.lines().count())
        };
        format!(
            "Warning: truncated output (original token count: {})\n{size}\n\n{head}…{missing} truncated…{tail}",
            tokens(bytes),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_text_loses_its_middle_and_says_so() {
        let text = "0123456789".repeat(10);
        let note = "Warning: truncated output (original token count: 25)\nTotal output lines: 1\n\n";
        assert_eq!(
            OutputLimit::Tokens(5).cut(&text),
            format!("{note}0123456789…20 tokens truncated…0123456789")
        );
        assert_eq!(
            OutputLimit::Bytes(20).cut(&text),
            format!("{note}0123456789…80 chars truncated…0123456789")
        );
        assert_eq!(OutputLimit::Tokens(25).cut(&text), text);
        assert_eq!(
            OutputLimit::Tokens(5).cut_rest(&text, 1000, 900),
            "Warning: truncated output (original token count: 250)\n... 900 bytes omitted ...\n\n\
             0123456789…20 tokens truncated…0123456789"
        );
    }

    #[test]
    fn the_lower_limit_counts() {
        let bytes = TruncationPolicy {
            mode: TruncationMode::Bytes,
            limit: 10_000,
        };
        let limit = |configured, asked| OutputLimit::new(bytes, configured).lowered(asked);
        assert_eq!(limit(None, None), OutputLimit::Bytes(10_000));
        assert_eq!(limit(None, Some(5_000)), OutputLimit::Bytes(10_000));
        assert_eq!(limit(None, Some(100)), OutputLimit::Tokens(100));
        assert_eq!(limit(Some(5_000), None), OutputLimit::Bytes(20_000));
        assert_eq!(limit(Some(20_000), None), OutputLimit::Tokens(10_000));
        assert_eq!(limit(Some(20_000), Some(15_000)), OutputLimit::Tokens(15_000));
    }

    proptest! {
        #[test]
        fn what_the_model_gets_is_bounded(text in "[a-zä\n]{0,400}", max in 1..200usize) {
            let cut = OutputLimit::Bytes(max).cut(&text);
            if text.len() <= max {
                prop_assert_eq!(cut, text);
            } else {
                prop_assert!(cut.len() <= max + 150, "{}", cut.len());
            }
        }
    }
}

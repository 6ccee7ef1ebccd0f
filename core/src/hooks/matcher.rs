//! What a hook is limited to.

use regex::{Regex, RegexBuilder};

/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 4 << 10;

/// What a pattern may take when it is compiled, in bytes.
const MAX_COMPILED: usize = 1 << 20;

/// Which tools, or which causes of an event, a hook is for.
#[derive(Debug, Clone)]
pub(crate) enum Matcher {
    /// All of them.
    All,
    /// Those with one of these names.
    Names(Vec<String>),
    /// Those whose name holds a match of this expression.
    Pattern(Regex),
}

impl Matcher {
    /// Reads it: nothing, an empty text and `*` are everything; letters, digits, `_` and `|` are names; anything else is a
    /// regular expression. The error says what is wrong with that.
    pub(crate) fn new(text: Option<&str>) -> Result<Self, String> {
        let Some(text) = text.filter(|text| !matches!(*text, "" | "*")) else {
            return Ok(Self::All);
        };
        let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '|';
        if text.len() > MAX_PATTERN {
            return Err(format!("it is longer than {MAX_PATTERN} bytes"));
        }
        if text.chars().all(is_name) {
            return Ok(Self::Names(text.split('|').map(str::to_owned).collect()));
        }
        let mut pattern = RegexBuilder::new(text);
        pattern.size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED);
        pattern
            .build()
            .map(Self::Pattern)
            .map_err(|error| error.to_string())
    }

    /// Whether one of these names is meant.
    pub(crate) fn matches(&self, names: &[&str]) -> bool {
        match self {
            Self::All => true,
            Self::Names(wanted) => names
                .iter()
                .any(|name| wanted.iter().any(|wanted| wanted == name)),
            Self::Pattern(pattern) => names.iter().any(|name| pattern.is_match(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(matcher: &str, name: &str) -> bool {
        Matcher::new(Some(matcher)).expect("a matcher").matches(&[name])
    }

    #[test]
    fn names_are_matched_whole_and_expressions_anywhere() {
        for all in ["", "*", ".*"] {
            assert!(matches(all, "Bash"), "{all}");
        }
        assert!(Matcher::new(None).expect("a matcher").matches(&[]));
        for (matcher, expected) in [
            ("Bash", true),
            ("bash", false),
            ("ash", false),
            ("Read|Bash", true),
            ("^B", true),
            ("B.sh", true),
            ("Bash ", false),
            ("^Bash$", true),
        ] {
            assert_eq!(matches(matcher, "Bash"), expected, "{matcher}");
        }
        assert!(
            Matcher::new(Some("Edit"))
                .expect("a matcher")
                .matches(&["apply_patch", "Edit"])
        );
    }

    #[test]
    fn what_is_no_expression_or_too_large_is_refused() {
        for bad in ["(", "[", "a{1000}{1000}{1000}", &".".repeat(MAX_PATTERN + 1)] {
            assert!(Matcher::new(Some(bad)).is_err(), "{bad:.20}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}", name in "\\PC{0,20}") {
            if let Ok(matcher) = Matcher::new(Some(&text)) {
                matcher.matches(&[&name]);
            }
        }
    }
}

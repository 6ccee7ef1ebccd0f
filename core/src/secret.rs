//! Texts that must not be seen.

use std::fmt;

use http::HeaderValue;

/// A token or a key: `Debug` hides it, and it is not serialised by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Hides a text as people type and paste it: without line ends and blanks around it.
    pub fn trimmed(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The value of `Authorization`, marked as sensitive. `source` is where the secret comes from, for the error.
    pub(crate) fn authorization(&self, source: &str) -> Result<HeaderValue, UnfitSecret> {
        self.header_value("Bearer ", source)
    }

    /// The value of a header, marked as sensitive: `scheme` and the text without blanks around it.
    pub(crate) fn header_value(&self, scheme: &str, source: &str) -> Result<HeaderValue, UnfitSecret> {
        let text = self.0.trim();
        let problem = |what: String| UnfitSecret {
            name: source.to_owned(),
            what,
        };
        // Tokens are ASCII: anything else came in by a slip. Other headers may hold UTF-8.
        let fits = |c: char| match c {
            '\t' | ' '..='~' => true,
            c => scheme.is_empty() && !c.is_control() && !c.is_ascii(),
        };
        if let Some((at, c)) = text.chars().enumerate().find(|(_, c)| !fits(*c)) {
            let kind = match c {
                '\r' | '\n' => "a line end",
                c if c.is_control() => "a control character",
                _ => "a character outside of ASCII",
            };
            return Err(problem(format!("{kind} at position {}", at + 1)));
        }
        let mut value = HeaderValue::from_bytes(format!("{scheme}{text}").as_bytes())
            .map_err(|_| problem("a character that is not allowed there".to_owned()))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The text itself. Only for requests to servers and for auth.json.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A secret that can't be sent. The message names its source, and nothing of the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} cannot be sent in an HTTP header: it contains {what}. Set it again without that character.")]
pub(crate) struct UnfitSecret {
    name: String,
    what: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn blanks_around_a_secret_are_not_sent_and_what_cannot_be_sent_is_named() {
        let value = Secret::new(" sk-1\r\n").authorization("K").unwrap();
        assert_eq!(value, "Bearer sk-1");
        assert!(value.is_sensitive());
        assert_eq!(
            Secret::new("é").header_value("", "K").unwrap().as_bytes(),
            "é".as_bytes()
        );
        assert!(Secret::new("é\u{85}é").header_value("", "K").is_err());
        for (text, what) in [
            ("sk\r\nx-evil: 1", "a line end at position 3"),
            ("sk-\u{0}", "a control character at position 4"),
            ("sk-\u{200b}x", "a character outside of ASCII at position 4"),
        ] {
            let error = Secret::new(text)
                .authorization("`MY_KEY`")
                .unwrap_err()
                .to_string();
            assert!(error.contains("`MY_KEY`") && error.contains(what), "{error}");
            assert!(!error.contains("sk"), "{error}");
        }
    }

    #[test]
    fn debug_output_hides_the_text() {
        assert_eq!(format!("{:?}", Secret::new("sk-123")), "Secret(…)");
    }
}

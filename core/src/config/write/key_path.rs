//! Paths of keys as clients write them: names with dots between, in quotes where a name has dots itself.

/// Most names of a path. Those that we know have five at most.
const MAX_NAMES: usize = 64;

/// A name as it stands in a path.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Takes a path apart.
pub(in crate::config) fn parse(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Err("keyPath must not be empty".to_owned());
    }
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        let name;
        (name, rest) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        if name.is_empty() {
            return Err("keyPath segments must not be empty".to_owned());
        }
        names.push(name);
        if names.len() > MAX_NAMES {
            return Err(format!("keyPath has more than {MAX_NAMES} segments"));
        }
        match rest.strip_prefix('.') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Ok(names),
            None => return Err("invalid quoted keyPath segment".to_owned()),
        }
    }
}

/// The name in quotes, whose first one is gone, and what follows.
fn unquote(text: &str) -> Result<(String, &str), String> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((name, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, escaped @ ('"' | '\\'))) => name.push(escaped),
                Some((_, other)) => name.extend(['\\', other]),
                None => break,
            },
            c => name.push(c),
        }
    }
    Err("unterminated quoted keyPath segment".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_names_with_dots_between() {
        let names = |text| parse(text).map(|names| names.join("|"));
        assert_eq!(names("a"), Ok("a".into()));
        assert_eq!(names("a.b-c.d_e"), Ok("a|b-c|d_e".into()));
        assert_eq!(names(r#"projects."/a.b/c".x"#), Ok("projects|/a.b/c|x".into()));
        assert_eq!(names(r#""q\"\\""#), Ok(r#"q"\"#.into()));
        assert_eq!(names("a. b"), Ok("a| b".into()));
        for (text, error) in [
            ("", "keyPath must not be empty"),
            ("a..b", "keyPath segments must not be empty"),
            ("a.", "keyPath segments must not be empty"),
            (r#"a.""#, "unterminated quoted keyPath segment"),
            (r#"a."b"c"#, "invalid quoted keyPath segment"),
        ] {
            assert_eq!(names(text), Err(error.into()), "{text}");
        }
        assert!(parse(&vec!["a"; 65].join(".")).is_err());
    }

    proptest! {
        #[test]
        fn names_in_quotes_come_back(names in prop::collection::vec("\\PC{1,6}", 1..5)) {
            let quoted = |name: &String| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
            let text: Vec<_> = names.iter().map(quoted).collect();
            prop_assert_eq!(parse(&text.join(".")), Ok(names));
        }

        #[test]
        fn any_text_is_a_path_or_a_named_error(text in any::<String>()) {
            if let Ok(names) = parse(&text) {
                prop_assert!(!names.is_empty() && names.iter().all(|name| !name.is_empty()));
            }
        }
    }
}

//! Takes secrets out of text that is to be kept: what looks like one, whether it is one or not.

use crate::url_redaction::redact_url;

/// Stands for what was taken out.
const REDACTED: &str = "[redacted]";

/// How tokens of well-known services begin.
const PREFIXES: [&str; 28] = [
    "sk-",
    "sk_",
    "rk_",
    "pk_live",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxa-",
    "xoxb-",
    "xoxp-",
    "xoxr-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "eyJ",
    "npm_",
    "pypi-",
    "hf_",
    "dckr_pat_",
    "SG.",
    "shpat_",
    "at-",
];

/// Names whose values are secrets, in lower case.
const SECRET_NAMES: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "credential",
];

/// Words after which a secret follows, in lower case.
const SCHEMES: [&str; 2] = ["bearer", "basic"];

/// The text without secrets, line by line.
pub(crate) fn scrub(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut in_key = false;
    for line in text.lines() {
        if line.contains("-----BEGIN") && !in_key {
            in_key = true;
            clean.push_str(REDACTED);
            clean.push('\n');
        }
        if in_key {
            in_key = !line.contains("-----END");
            continue;
        }
        scrub_line(line, &mut clean);
        clean.push('\n');
    }
    clean
}

fn scrub_line(line: &str, clean: &mut String) {
    let is_break =
        |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')' | '<' | '>' | ',' | ';');
    let mut rest = line;
    // The next word is a secret, because of the words before; or is one if it is said so.
    let (mut expected, mut named) = (false, false);
    while !rest.is_empty() {
        let end = rest.find(is_break).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if !word.is_empty() {
            let name = word.trim_end_matches([':', '=']);
            let is_scheme = SCHEMES.contains(&name.to_ascii_lowercase().as_str());
            if expected && !is_scheme {
                clean.push_str(REDACTED);
            } else {
                clean.push_str(&scrub_word(word));
            }
            let is_name = is_secret_name(name);
            let is_bare = name.len() == word.len();
            let links = matches!(name, "" | "is" | "was");
            expected = is_scheme || is_name && !is_bare || named && links;
            named = is_name && is_bare;
        }
        let breaks = after.find(|c| !is_break(c)).unwrap_or(after.len());
        let (between, next) = after.split_at(breaks);
        clean.push_str(between);
        rest = next;
    }
}

/// A word as it may be kept.
fn scrub_word(word: &str) -> String {
    if word.contains("://") {
        return redact_url(word);
    }
    if let Some(at) = word.find(['=', ':']) {
        let (name, value) = word.split_at(at);
        let value = value.get(1..).unwrap_or_default();
        if !value.is_empty() && (is_secret_name(name) || looks_secret(value)) {
            let sign = word.get(at..=at).unwrap_or_default();
            return format!("{name}{sign}{REDACTED}");
        }
    }
    if looks_secret(word) {
        return REDACTED.to_owned();
    }
    word.to_owned()
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| name.contains(secret))
}

/// Whether a word is a token by its first letters, or as random as one.
fn looks_secret(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if word.len() >= 16 && PREFIXES.iter().any(|prefix| word.starts_with(prefix)) {
        return true;
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '_' | '-' | '=' | '.');
    if word.len() < 24 || !word.chars().all(is_plain) {
        return false;
    }
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return digits > 0;
    }
    // Paths and names of programs have digits now and then, tokens all over.
    let has = |kind: fn(&u8) -> bool| word.bytes().any(|byte| kind(&byte));
    digits * 8 >= word.len() && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_taken_out_and_ordinary_words_stay() {
        let secrets = [
            "sk-abcdefghijklmnop1234",
            "ghp_0123456789abcdef0123",
            "AKIAIOSFODNN7EXAMPLE",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx",
            "0123456789abcdef0123456789abcdef",
            "Zm9vYmFyMTIzNDU2Nzg5MEFCQ0RFRg1x",
        ];
        for secret in secrets {
            for text in [
                secret.to_owned(),
                format!("- the key is `{secret}`, use it"),
                format!("OPENAI_API_KEY={secret}"),
                format!("key:{secret}"),
            ] {
                let clean = scrub(&text);
                assert!(!clean.contains(secret), "{clean}");
            }
        }
        for (text, kept) in [
            ("password: hunter2", "hunter2"),
            ("The Password is: hunter2", "hunter2"),
            ("DB_PASSWORD=hunter2", "hunter2"),
            ("Authorization: Bearer abc", "abc"),
            ("token = \"hunter2\"", "hunter2"),
            ("https://user:hunter2@host/x", "hunter2"),
            ("a\n-----BEGIN KEY-----\nhunter2\n-----END KEY-----\nb", "hunter2"),
        ] {
            let clean = scrub(text);
            assert!(!clean.contains(kept), "{clean}");
        }
        let ordinary = "- Run `cargo test --workspace`; see core/src/session/actor.rs and \
            /home/me/projects/some-long-name-2/README.md (https://example.org/a).\n- Tokens are counted per turn.\n";
        assert_eq!(scrub(ordinary), ordinary);
    }

    proptest! {
        #[test]
        fn any_text_can_be_scrubbed_and_again_without_a_change(text in "\\PC{0,200}") {
            let once = scrub(&text);
            prop_assert_eq!(scrub(&once), once.clone());
        }

        #[test]
        fn a_key_is_found_wherever_it_stands(before in "[a-z ,.(]{0,20}", after in "[ ,.)]{0,3}[a-z ]{0,20}") {
            let key = "sk-proj-AbCdEf0123456789";
            let text = format!("{before} {key}{after}");
            let is_apart = after.is_empty() || after.starts_with([' ', ',', ')', '.']);
            prop_assume!(is_apart);
            prop_assert!(!scrub(&text).contains(key));
        }
    }
}

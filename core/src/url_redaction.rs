//! URLs without their secrets: for every address that is shown, stored or sent to somebody else.

use std::borrow::Cow;

/// What stands where a secret was.
const REDACTED: &str = "redacted";

/// Parameters of a query that are no secrets and that help to understand an error.
const HARMLESS_PARAMETERS: [&str; 7] = [
    "api-version",
    "api_version",
    "version",
    "v",
    "model",
    "deployment",
    "client_version",
];

/// An address without user and password, without fragment, and with the values of its query hidden, but for those that
/// are known to be harmless (`api-version`). Takes anything that looks like a URL, also what no URL parser accepts; the
/// short form of ssh, `user@host:path`, keeps its user, as it can hold no password.
pub fn redact_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return redact_short_form(url).into_owned();
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    let mut clean = format!("{scheme}://{}", without_userinfo(place));
    if let Some(query) = query {
        clean.push('?');
        let mut parts = query.split('&').map(redact_parameter);
        clean.extend(parts.next());
        for part in parts {
            clean.push('&');
            clean.push_str(&part);
        }
    }
    clean
}

/// A text, such as an error message, with [`redact_url`] applied to every address in it.
pub fn redact_urls_in(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '(' | ')');
    let clean = text.split_inclusive(ends).map(|word| {
        let url = word.trim_end_matches(ends);
        if url.contains("://") {
            redact_url(url) + &word[url.len()..]
        } else {
            word.to_owned()
        }
    });
    Cow::Owned(clean.collect())
}

/// Drops what comes before the host. A password may hold a slash though it should not: then what looks like a port is
/// none, and all up to the last `@` belongs to it.
fn without_userinfo(place: &str) -> &str {
    let authority = place.find(['/', '\\']).unwrap_or(place.len());
    if let Some(at) = place[..authority].rfind('@') {
        let rest = &place[at + 1..];
        // `https://a@b:secret/more@host`
        return without_broken_password(rest);
    }
    without_broken_password(place)
}

fn without_broken_password(place: &str) -> &str {
    let authority = &place[..place.find(['/', '\\']).unwrap_or(place.len())];
    // An address in brackets has colons of its own.
    let after_host = authority
        .rfind(']')
        .map_or(authority, |end| &authority[end + 1..]);
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match (after_host.split_once(':'), place.rfind('@')) {
        (Some((_, port)), Some(at)) if !is_port(port) => &place[at + 1..],
        _ => place,
    }
}

/// `user@host:path` stays; `user:password@host` loses both.
fn redact_short_form(url: &str) -> Cow<'_, str> {
    match url.rfind('@') {
        Some(at) if url[..at].contains(':') => Cow::Owned(url[at + 1..].to_owned()),
        _ => Cow::Borrowed(url),
    }
}

fn redact_parameter(part: &str) -> String {
    match part.split_once('=') {
        Some((name, _)) if !HARMLESS_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) => {
            format!("{name}={REDACTED}")
        }
        Some(_) => part.to_owned(),
        // A word of its own may be the secret itself.
        None if part.is_empty() => String::new(),
        None => REDACTED.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_dropped_however_they_are_written() {
        for (url, shown) in [
            ("https://user:pass@h/x.git", "https://h/x.git"),
            ("https://token@h/x.git", "https://h/x.git"),
            ("https://to@ken@h:1/x@y", "https://h:1/x@y"),
            ("https://u:pa/ss@h/x", "https://h/x"),
            ("https://a@u:pa/ss@h/x", "https://h/x"),
            ("https://u:p%40ss@[::1]:80/x", "https://[::1]:80/x"),
            ("https://[::1]/x@y", "https://[::1]/x@y"),
            ("HTTPS://u:p@h", "HTTPS://h"),
            ("https::https://u:p@h/x", "https::https://h/x"),
            ("ssh://git@h/x", "ssh://h/x"),
            ("git@h:x.git", "git@h:x.git"),
            ("u:secret@h:x.git", "h:x.git"),
            ("/local/path", "/local/path"),
            ("", ""),
            ("://", "://"),
        ] {
            assert_eq!(redact_url(url), shown);
        }
    }

    #[test]
    fn the_values_of_a_query_are_hidden_but_for_harmless_ones() {
        for (url, shown) in [
            (
                "https://h/v1?api-version=2024-05-01&subscription-key=s3cret",
                "https://h/v1?api-version=2024-05-01&subscription-key=redacted",
            ),
            ("https://h/?sk-123", "https://h/?redacted"),
            ("https://h/?a=u:p@x", "https://h/?a=redacted"),
            ("https://h/x?#token=1", "https://h/x?"),
        ] {
            assert_eq!(redact_url(url), shown);
        }
    }

    #[test]
    fn addresses_inside_of_a_text_are_cleaned() {
        assert_eq!(
            redact_urls_in("error for url (https://u:p@h/x?key=k): \"http://t@h\" failed, see a@b"),
            "error for url (https://h/x?key=redacted): \"http://h\" failed, see a@b"
        );
        assert_eq!(redact_urls_in("no address: a@b"), "no address: a@b");
    }
}

//! Where voice servers are (docs/contract/realtime.md#start).

use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::options::Options;
use crate::RealtimeVersion;

/// Which protocol is meant.
const PROTOCOL: HeaderName = HeaderName::from_static("openai-alpha");
/// The session that a request is about.
const SESSION: HeaderName = HeaderName::from_static("x-session-id");

/// The headers of everything that is sent for a conversation.
pub(super) fn headers(options: &Options) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // A name that can't stand in a header is for us and the client alone.
    if let Ok(session) = HeaderValue::from_str(&options.session_id) {
        headers.insert(SESSION, session);
    }
    let protocol = match options.version {
        RealtimeVersion::V1 => "quicksilver=v1",
        RealtimeVersion::V2 => return headers,
        RealtimeVersion::V3 => "quicksilver=v2",
    };
    headers.insert(PROTOCOL, HeaderValue::from_static(protocol));
    headers
}

/// The WebSocket that carries a whole conversation. `base` may be any `http`, `https`, `ws` or `wss` address.
pub(super) fn conversation(base: &str, options: &Options) -> Result<String, String> {
    let mut url = parse(base)?;
    set_path(&mut url, options.version);
    if options.version == RealtimeVersion::V1 {
        url.query_pairs_mut().append_pair("intent", "quicksilver");
    }
    url.query_pairs_mut().append_pair("model", &options.model);
    Ok(url.into())
}

/// The WebSocket that joins a call.
pub(super) fn sideband(base: &str, version: RealtimeVersion, call_id: &str) -> Result<String, String> {
    let mut url = parse(base)?;
    set_path(&mut url, version);
    if version == RealtimeVersion::V3 {
        match url.path_segments_mut() {
            Ok(mut path) => drop(path.push(call_id)),
            Err(()) => return Err(invalid(base)),
        }
    } else {
        url.query_pairs_mut()
            .append_pair("intent", "quicksilver")
            .append_pair("call_id", call_id);
    }
    Ok(url.into())
}

/// The API path where calls are created. `true`: below the ChatGPT backend, which has one path for all.
pub(super) fn call_path(version: RealtimeVersion, is_backend: bool) -> &'static str {
    if version == RealtimeVersion::V3 && !is_backend {
        "live"
    } else {
        "realtime/calls"
    }
}

/// The address where calls are created, with what the path wants to be asked.
pub(super) fn call(url: &str, version: RealtimeVersion, is_backend: bool) -> Result<String, String> {
    let mut parsed = parse(url)?;
    if call_path(version, is_backend) != "live" {
        parsed
            .query_pairs_mut()
            .append_pair("intent", "quicksilver")
            .append_pair("architecture", "avas");
    }
    Ok(parsed.into())
}

/// The name of a call: the last part of a `Location` that begins like one.
pub(super) fn call_id(location: &str) -> Option<&str> {
    let path = location.split(['?', '#']).next()?;
    path.split('/')
        .rev()
        .find(|part| part.starts_with("rtc_") && part.len() > 4)
}

/// An address as the transport takes it: `http` or `https`.
fn parse(base: &str) -> Result<Url, String> {
    let base = base.trim();
    let plain = [("wss://", "https://"), ("ws://", "http://")]
        .iter()
        .find_map(|(from, to)| Some(format!("{to}{}", base.strip_prefix(from)?)));
    let url = Url::parse(plain.as_deref().unwrap_or(base)).map_err(|_| invalid(base))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err(invalid(base))
    }
}

fn invalid(base: &str) -> String {
    let shown = crate::url_redaction::redact_url(base);
    format!(
        "`{shown}` is no address of a voice server; set experimental_realtime_ws_base_url to one that begins with \
         https:// or wss://"
    )
}

/// Servers are named by their root, by the root of their API, or in full.
fn set_path(url: &mut Url, version: RealtimeVersion) {
    let end = match version {
        RealtimeVersion::V1 | RealtimeVersion::V2 => "realtime",
        RealtimeVersion::V3 => "live",
    };
    let path = url.path().trim_end_matches('/').to_owned();
    let root = path
        .strip_suffix("/realtime")
        .or_else(|| path.strip_suffix("/live"));
    let path = match (path.as_str(), root) {
        ("", _) => format!("/v1/{end}"),
        (_, Some(root)) => format!("{root}/{end}"),
        (api, None) => format!("{api}/{end}"),
    };
    url.set_path(&path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_be_named_by_its_root_its_api_or_in_full() {
        for base in [
            "https://voice.test",
            "wss://voice.test/",
            "https://voice.test/v1/",
            "https://voice.test/v1/realtime",
        ] {
            assert_eq!(
                sideband(base, RealtimeVersion::V1, "rtc_1").unwrap(),
                "https://voice.test/v1/realtime?intent=quicksilver&call_id=rtc_1"
            );
            assert_eq!(
                sideband(base, RealtimeVersion::V3, "rtc_1").unwrap(),
                "https://voice.test/v1/live/rtc_1"
            );
        }
        assert_eq!(
            sideband("http://h:1/x/v1?a=b", RealtimeVersion::V1, "a b/c").unwrap(),
            "http://h:1/x/v1/realtime?a=b&intent=quicksilver&call_id=a+b%2Fc"
        );
        assert_eq!(
            sideband("http://h:1", RealtimeVersion::V3, "../x?y").unwrap(),
            "http://h:1/v1/live/..%2Fx%3Fy"
        );
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for base in ["", "voice", "file:///x", "ftp://user:hush@h/"] {
            let error = sideband(base, RealtimeVersion::V1, "rtc_1").unwrap_err();
            assert!(error.contains("no address") && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn a_call_is_named_by_the_last_part_that_begins_like_one() {
        for (location, id) in [
            ("/v1/realtime/calls/rtc_1", Some("rtc_1")),
            ("https://h/v1/rtc_2/?a=rtc_9", Some("rtc_2")),
            ("rtc_3", Some("rtc_3")),
            ("/rtc_4/rtc_5/events#rtc_6", Some("rtc_5")),
            ("/v1/calls/nope", None),
            ("rtc_", None),
            ("", None),
        ] {
            assert_eq!(call_id(location), id, "{location}");
        }
    }
}

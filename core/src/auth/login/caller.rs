//! Who may speak to the login listener: the browser as the user and the authority send it here, and other logins of
//! this machine; never the script or the image of a web page. Browsers tell these apart with `Host` (a name that was
//! rebound to our address is not ours), `Origin`, and `Sec-Fetch-*`.

use hyper::header::{HOST, HeaderMap, HeaderName, ORIGIN, REFERER};
use hyper::{Method, Uri};

/// Checks a request. `only_ourselves`: not even a link on a web page may lead here, only our own pages, the user's
/// address bar, and programs. `own_host`: a name that is ours beside those of every machine. The error is for the log.
pub(super) fn check(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    only_ourselves: bool,
    own_host: Option<&str>,
) -> Result<(), &'static str> {
    if method != Method::GET {
        return Err("its method is not GET");
    }
    let host = only_value(headers, &HOST)?.ok_or("it names no host")?;
    let is_known = |host: &str| {
        is_loopback(host) || own_host.is_some_and(|own| own.eq_ignore_ascii_case(without_port(host)))
    };
    if !is_known(host) || uri.authority().is_some_and(|named| !is_known(named.as_str())) {
        return Err("it is meant for another host");
    }
    let ours = |origin: &str| origin.strip_prefix("http://").is_some_and(|named| named == host);
    if only_value(headers, &ORIGIN)?.is_some_and(|origin| !ours(origin)) {
        return Err("it comes from a web page of another origin");
    }
    let fetch = |name| only_value(headers, &HeaderName::from_static(name));
    match fetch("sec-fetch-site")? {
        Some("none" | "same-origin") => return Ok(()),
        // The authority sends the browser here, which is a navigation across sites.
        Some(_) if !only_ourselves => {
            let mode = fetch("sec-fetch-mode")?;
            let destination = fetch("sec-fetch-dest")?;
            if mode != Some("navigate") || destination.is_some_and(|to| to != "document") {
                return Err("it was made by a web page of another site");
            }
        }
        Some(_) => return Err("it was made by a web page of another site"),
        None => {}
    }
    // Browsers that are too old for the above send this at least.
    let referrer = only_value(headers, &REFERER)?.filter(|_| only_ourselves);
    let is_page_of_ours = |url: &str| {
        let rest = url.strip_prefix("http://");
        rest.and_then(|rest| rest.split('/').next()) == Some(host)
    };
    if referrer.is_some_and(|url| !is_page_of_ours(url)) {
        return Err("a web page of another site leads to it");
    }
    Ok(())
}

/// A header that must not come twice, since then nobody knows which one others look at.
fn only_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, &'static str> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text)),
        _ => Err("one of its headers makes no sense"),
    }
}

/// Whether a host, with or without a port, is this machine by its own name. Ports may be forwarded, so any will do.
fn is_loopback(host: &str) -> bool {
    let name = without_port(host);
    matches!(name, "127.0.0.1" | "[::1]") || name.eq_ignore_ascii_case("localhost")
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_ask(only_ourselves: bool, headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        check(
            &Method::GET,
            &Uri::from_static("/cancel"),
            &headers,
            only_ourselves,
            Some("dev.example"),
        )
        .is_ok()
    }

    #[test]
    fn only_names_of_this_machine_are_hosts() {
        for host in [
            "127.0.0.1:1455",
            "localhost",
            "LocalHost:1",
            "[::1]:1455",
            "127.0.0.1",
            "Dev.example:8443",
        ] {
            assert!(may_ask(true, &[("host", host)]), "{host}");
        }
        for host in [
            "evil.example:1455",
            "127.0.0.1.evil.example",
            "localhost.evil",
            "",
            "a:b",
        ] {
            assert!(!may_ask(false, &[("host", host)]), "{host}");
        }
        assert!(!may_ask(false, &[]));
        assert!(!may_ask(
            false,
            &[("host", "localhost"), ("host", "evil.example")]
        ));
    }

    #[test]
    fn a_web_page_can_send_the_browser_back_but_do_nothing_else() {
        let own = ("host", "127.0.0.1:1455");
        let navigation = [
            own,
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
        ];
        assert!(may_ask(false, &navigation));
        assert!(!may_ask(true, &navigation));
        for foreign in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "http://127.0.0.1:8000")],
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")],
            &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")],
            &[("sec-fetch-site", "cross-site")],
            &[
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "iframe"),
            ],
        ] {
            for only_ourselves in [false, true] {
                assert!(
                    !may_ask(only_ourselves, &[&[own], foreign].concat()),
                    "{foreign:?}"
                );
            }
        }
        assert!(!may_ask(true, &[own, ("referer", "https://evil.example/")]));
        assert!(may_ask(
            true,
            &[own, ("referer", "http://127.0.0.1:1455/success")]
        ));
        assert!(may_ask(true, &[own, ("sec-fetch-site", "none")]));
        assert!(may_ask(
            true,
            &[
                own,
                ("origin", "http://127.0.0.1:1455"),
                ("sec-fetch-site", "same-origin")
            ]
        ));
    }
}

//! How long a server asks to wait.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// `Retry-After` (RFC 9110 section 10.2.3): whole seconds or an HTTP date. Anything else is as if it was not there.
pub(super) fn in_headers(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// The delay in a text such as `Please try again in 1.5s`.
pub(super) fn in_text(text: &str) -> Option<Duration> {
    let lower = text.to_ascii_lowercase();
    let (_, rest) = lower.split_once("try again in ")?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (number, unit) = rest.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let unit = unit.trim_start();
    let seconds = if unit.starts_with("ms") {
        number / 1000.0
    } else if unit.starts_with('s') {
        number
    } else {
        return None;
    };
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_in_the_text_is_honoured() {
        let delay = |text: &str| in_text(text);
        assert_eq!(
            delay("Please try again in 1.5s."),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(delay("Try again in 28ms"), Some(Duration::from_millis(28)));
        assert_eq!(delay("try again in 35 seconds."), Some(Duration::from_secs(35)));
        assert_eq!(delay("try again in a while"), None);
        assert_eq!(delay("slow down"), None);
    }

    #[test]
    fn retry_after_takes_seconds_and_dates_only() {
        let at = |value: &str| {
            let headers: HeaderMap = [(http::header::RETRY_AFTER, value.parse().unwrap())]
                .into_iter()
                .collect();
            in_headers(
                &headers,
                SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770),
            )
        };
        assert_eq!(at("0"), Some(Duration::ZERO));
        assert_eq!(at("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(7)));
        assert_eq!(at("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(at("1.5"), None);
    }
}

//! How long a server asks to wait. Whatever it says, the result is at most [`LONGEST`].

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// Anything longer is as good as this: nobody waits for it.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// `Retry-After` (RFC 9110 section 10.2.3): whole seconds or an HTTP date. Anything else is as if it was not there.
pub(super) fn in_headers(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number has room for: for ever.
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(LONGEST));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(now).unwrap_or_default().min(LONGEST))
}

/// The delay in a text such as `Please try again in 1.5s` or `try again in 1h2m3s`.
pub(super) fn in_text(text: &str) -> Option<Duration> {
    let lower = text.to_ascii_lowercase();
    let (_, mut rest) = lower.split_once("try again in ")?;
    let mut total: Option<f64> = None;
    while let Some((seconds, behind)) = amount(rest) {
        total = Some(total.unwrap_or_default() + seconds);
        rest = behind;
    }
    let total = total?;
    Some(Duration::try_from_secs_f64(total).map_or(LONGEST, |delay| delay.min(LONGEST)))
}

/// A number with its unit, in seconds, and what is behind it.
fn amount(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    let number: f64 = number.trim_end_matches('.').parse().ok()?;
    let rest = rest.trim_start();
    let letters = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
    let (unit, behind) = rest.split_at(letters);
    let factor = match unit {
        "ms" | "millisecond" | "milliseconds" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    };
    Some((number * factor, behind))
}

/// A delay for people: `45 s`, `9 min 30 s`, `3 h 5 min`, `24 h or more`.
pub(super) fn in_words(delay: Duration) -> String {
    let seconds = delay.as_millis().div_ceil(1000);
    let two = |large: u128, unit: &str, small: u128, small_unit: &str| {
        if small == 0 {
            format!("{large} {unit}")
        } else {
            format!("{large} {unit} {small} {small_unit}")
        }
    };
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => two(seconds / 60, "min", seconds % 60, "s"),
        _ if delay >= LONGEST => format!("{} h or more", LONGEST.as_secs() / 3600),
        _ => two(seconds / 3600, "h", seconds / 60 % 60, "min"),
    }
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
        assert_eq!(delay("try again in 6m0s."), Some(Duration::from_secs(360)));
        assert_eq!(
            delay("try again in 1h2m3.5s"),
            Some(Duration::from_millis(3_723_500))
        );
        assert_eq!(delay("try again in 2 minutes"), Some(Duration::from_secs(120)));
        for huge in [
            "9".repeat(400),
            "99999999999999999999".to_owned(),
            "1000".to_owned(),
        ] {
            assert_eq!(delay(&format!("try again in {huge} days")), Some(LONGEST));
        }
        for odd in ["..s", "1.2.3s", "-1s", "1es", ""] {
            assert_eq!(delay(&format!("try again in {odd}")), None, "{odd}");
        }
    }

    #[test]
    fn delays_are_told_in_fitting_units() {
        for (ms, words) in [
            (4_100, "5 s"),
            (119_000, "119 s"),
            (120_000, "2 min"),
            (570_000, "9 min 30 s"),
            (11_100_000, "3 h 5 min"),
            (u64::MAX, "24 h or more"),
        ] {
            assert_eq!(in_words(Duration::from_millis(ms)), words);
        }
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
        for other in ["1.5", "-1", "+1", "", "1e9", "soon"] {
            assert_eq!(at(other), None, "{other}");
        }
        for huge in [
            "18446744073709551615",
            "9999999999",
            "99999999999999999999999999",
            "Fri, 31 Dec 9999 23:59:59 GMT",
        ] {
            assert_eq!(at(huge), Some(LONGEST), "{huge}");
        }
    }
}

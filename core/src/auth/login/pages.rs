//! What the user sees in the browser: plain pages without any outside resource.

/// The page at the end of a login. `streamlined`: the application behind it comes to the front by itself.
pub(super) fn success(streamlined: bool) -> String {
    let next = if streamlined {
        "You are being taken back to the application. You can close this window."
    } else {
        "You can close this window and go back to the application."
    };
    page("Signed in", &[next])
}

/// The page of a login that failed.
pub(super) fn failure(why: &str) -> String {
    page(
        "Sign-in failed",
        &[
            why,
            "You can close this window and try again from the application.",
        ],
    )
}

/// The page of a login that was cancelled.
pub(super) fn cancelled() -> String {
    page(
        "Login cancelled",
        &["You can close this window. To sign in, start again from the application."],
    )
}

/// A page with this title, and a paragraph for each line.
pub(super) fn page(title: &str, lines: &[&str]) -> String {
    let title = escape(title);
    let lines: Vec<_> = lines.iter().map(|line| escape(line)).collect();
    let lines = lines.join("</p>\n<p>");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>:root{{color-scheme:light dark}}body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;\
         margin:15vh auto 0;padding:0 1.5rem}}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{lines}</p>\n</body>\n</html>\n"
    )
}

/// Text as HTML: what an authority says must not become markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_authority_says_is_not_markup() {
        let html = failure("<script>alert('x')</script>");
        assert!(!html.contains("<script>"));
        assert!(html.contains("&lt;script&gt;"));
    }

    #[test]
    fn no_page_needs_anything_from_outside() {
        for html in [success(true), success(false), failure("why"), cancelled()] {
            assert!(
                !html.contains("http") && !html.contains("src=") && !html.contains("url("),
                "{html}"
            );
        }
    }
}

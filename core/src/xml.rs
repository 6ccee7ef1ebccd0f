//! Text among the tags of what the model is told.

use std::borrow::Cow;

/// Text inside of XML.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if text.contains(['&', '<', '>']) {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .into()
    } else {
        text.into()
    }
}

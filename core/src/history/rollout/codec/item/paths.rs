//! Paths as files keep them.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

pub(crate) fn to_file_url(path: &Path) -> Cow<'static, str> {
    url::Url::from_file_path(path).map_or_else(
        |()| path.to_string_lossy().into_owned().into(),
        |url| String::from(url).into(),
    )
}

/// Reads `file://` URLs, and plain paths as older programs wrote them.
pub(crate) fn from_file_url(text: &str) -> PathBuf {
    if text.starts_with("file:")
        && let Some(path) = url::Url::parse(text).ok().and_then(|url| url.to_file_path().ok())
    {
        return path;
    }
    PathBuf::from(text)
}

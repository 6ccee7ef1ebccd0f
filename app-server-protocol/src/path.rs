//! Paths as they travel.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

/// An absolute path. A relative one is refused where it is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AbsolutePathBuf(String);

impl AbsolutePathBuf {
    /// A path of this machine that is known to be absolute. Bytes that are not UTF-8 are replaced, as JSON has none.
    pub fn from_path(path: &Path) -> Self {
        Self(path.to_string_lossy().into_owned())
    }

    /// The path.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// The path without `.` and `..`, which are taken out as text: links are not looked at.
    pub fn normalized(&self) -> PathBuf {
        let mut whole = PathBuf::new();
        for part in self.as_path().components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    whole.pop();
                }
                other => whole.push(other),
            }
        }
        whole
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<AbsolutePathBuf> for PathBuf {
    fn from(path: AbsolutePathBuf) -> Self {
        path.0.into()
    }
}

impl<'de> Deserialize<'de> for AbsolutePathBuf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = String::deserialize(deserializer)?;
        if Path::new(&path).is_absolute() {
            Ok(Self(path))
        } else {
            Err(de::Error::custom(format_args!(
                "expected an absolute path, got the relative path `{path}`"
            )))
        }
    }
}

impl JsonSchema for AbsolutePathBuf {
    fn schema_name() -> Cow<'static, str> {
        "AbsolutePathBuf".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "An absolute path.", "type": "string" })
    }
}

/// A path as it was recorded. It may be that of another machine, so nothing is checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LegacyAppPathString(pub String);

impl From<&Path> for LegacyAppPathString {
    fn from(path: &Path) -> Self {
        Self(path.to_string_lossy().into_owned())
    }
}

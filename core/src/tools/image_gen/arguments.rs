//! What the model may ask for.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{NAME, NAMESPACE};
use crate::tools::{ToolCall, ToolEnd};

/// How many images another may be made from.
pub(super) const MAX_SOURCES: usize = 5;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    pub(super) prompt: String,
    transparent_background: Option<bool>,
    referenced_image_paths: Option<Vec<PathBuf>>,
    num_last_images_to_include: Option<i64>,
}

/// Which images another is to be made from.
#[derive(Debug, PartialEq)]
pub(super) enum Named<'a> {
    /// None: it is a new one.
    Nothing,
    /// Files with these absolute paths.
    Files(&'a [PathBuf]),
    /// So many of the conversation's last ones.
    Recent(usize),
}

impl Arguments {
    pub(super) fn of(call: &ToolCall) -> Result<Self, ToolEnd> {
        crate::tools::arguments(call)
    }

    /// How many of the conversation's images a call asks for, if it makes sense.
    pub(super) fn recent_in(arguments: &str) -> usize {
        let arguments = serde_json::from_str::<Self>(arguments).ok();
        match arguments.as_ref().map(Self::named) {
            Some(Ok(Named::Recent(count))) => count,
            _ => 0,
        }
    }

    pub(super) fn is_transparent(&self) -> bool {
        self.transparent_background.unwrap_or(false)
    }

    /// Which images are named, or what is wrong with that.
    pub(super) fn named(&self) -> Result<Named<'_>, String> {
        let paths = self.referenced_image_paths.as_deref().unwrap_or_default();
        if let Some(count) = self.num_last_images_to_include {
            if self.referenced_image_paths.is_some() {
                return Err(
                    "give only one of `referenced_image_paths` and `num_last_images_to_include`".into(),
                );
            }
            let count = usize::try_from(count).ok();
            return match count.filter(|count| (1..=MAX_SOURCES).contains(count)) {
                Some(count) => Ok(Named::Recent(count)),
                None => Err(format!(
                    "`num_last_images_to_include` must be between 1 and {MAX_SOURCES}"
                )),
            };
        }
        if paths.is_empty() {
            return Ok(Named::Nothing);
        }
        if paths.len() > MAX_SOURCES {
            return Err(format!(
                "`referenced_image_paths` must contain at most {MAX_SOURCES} paths"
            ));
        }
        match paths.iter().find(|path| !path.is_absolute()) {
            Some(path) => Err(format!(
                "`referenced_image_paths` must be absolute, and `{}` is not",
                path.display()
            )),
            None => Ok(Named::Files(paths)),
        }
    }
}

/// The tool, as the API describes it.
pub(super) fn spec() -> Value {
    let description = format!(
        "Draws a new picture from a description, or changes pictures that there are. Use it whenever the user wants \
         something drawn (a portrait, a diagram, a comic, a logo) or a picture edited (something added, removed or \
         recoloured, the style or the quality changed), and for edits use nothing else unless the user asks for it.\n\
         - A picture takes up to a few minutes. Begin at once, without asking whether you should.\n\
         - New picture: give neither `referenced_image_paths` nor `num_last_images_to_include`.\n\
         - Edit of files: name all of them in `referenced_image_paths`. Look at those you have not seen with `view_image` \
         first.\n\
         - Edit of a picture that is in the conversation but in no file: `num_last_images_to_include`, the smallest \
         number of the conversation's last pictures, {MAX_SOURCES} at most, that takes in all that you need. Never give \
         both. If a picture is out of reach, ask the user to attach it again.\n\
         - `transparent_background`: true for cut-outs, removed backgrounds and whatever else is to be transparent. An \
         edit keeps the transparency that there is unless the user wants something else."
    );
    json!({
        "type": "namespace",
        "name": NAMESPACE,
        "description": "Makes and edits pictures.",
        "tools": [{
            "type": "function",
            "name": NAME,
            "description": description,
            "strict": false,
            "parameters": {
                "type": "object",
                "properties": {
                    "num_last_images_to_include": {"type": ["integer", "null"]},
                    "prompt": {"type": "string"},
                    "referenced_image_paths": {
                        "type": ["array", "null"],
                        "items": {"type": "string", "description": "Absolute path of an image file."},
                    },
                    "transparent_background": {
                        "type": "boolean",
                        "description": "Whether the picture has a transparent background; false unless given.",
                    },
                },
                "required": ["prompt"],
                "additionalProperties": false,
            },
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(arguments: &Value) -> Result<String, String> {
        let arguments: Arguments = serde_json::from_value(arguments.clone()).expect("readable");
        arguments.named().map(|named| format!("{named:?}"))
    }

    #[test]
    fn images_are_named_in_one_way() {
        for (arguments, expected) in [
            (json!({"prompt": ""}), Ok("Nothing")),
            (
                json!({"prompt": "", "referenced_image_paths": [], "num_last_images_to_include": null}),
                Ok("Nothing"),
            ),
            (
                json!({"prompt": "", "referenced_image_paths": ["/a"]}),
                Ok("Files([\"/a\"])"),
            ),
            (
                json!({"prompt": "", "num_last_images_to_include": 5}),
                Ok("Recent(5)"),
            ),
            (
                json!({"prompt": "", "num_last_images_to_include": 6}),
                Err("must be between 1 and 5"),
            ),
            (
                json!({"prompt": "", "num_last_images_to_include": -1}),
                Err("must be between 1 and 5"),
            ),
            (
                json!({"prompt": "", "referenced_image_paths": ["a"]}),
                Err("must be absolute"),
            ),
            (
                json!({"prompt": "", "referenced_image_paths": ["/a", "/a", "/a", "/a", "/a", "/a"]}),
                Err("at most 5 paths"),
            ),
            (
                json!({"prompt": "", "referenced_image_paths": ["/a"], "num_last_images_to_include": 1}),
                Err("only one of"),
            ),
        ] {
            match (named(&arguments), expected) {
                (Ok(named), Ok(expected)) => assert_eq!(named, expected),
                (Err(why), Err(expected)) => assert!(why.contains(expected), "{why}"),
                other => panic!("{arguments}: {other:?}"),
            }
        }
    }

    #[test]
    fn only_calls_that_make_sense_take_images_of_the_conversation() {
        assert_eq!(
            Arguments::recent_in(r#"{"prompt": "x", "num_last_images_to_include": 2}"#),
            2
        );
        assert_eq!(Arguments::recent_in(r#"{"num_last_images_to_include": 2}"#), 0);
        assert_eq!(Arguments::recent_in("no JSON"), 0);
    }
}

//! Reading parameters, and saying what is wrong with them.

use std::fmt;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;

use crate::error::{ErrorObject, INVALID_PARAMS};

/// What `params` and `result` have in common.
pub trait Payload: DeserializeOwned + Serialize + JsonSchema + Send + 'static {}
impl<T: DeserializeOwned + Serialize + JsonSchema + Send + 'static> Payload for T {}

/// Parameters of a method that takes none: absent, null or `{}`. `{}` is written. Others are refused: who sends them means
/// something else than this method does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NoParams {}

impl<'de> Deserialize<'de> for NoParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Nothing)
    }
}

struct Nothing;

impl<'de> de::Visitor<'de> for Nothing {
    type Value = NoParams;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no parameters: `{}` or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<NoParams, E> {
        Ok(NoParams {})
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut members: A) -> Result<NoParams, A::Error> {
        match members.next_key::<String>()? {
            None => Ok(NoParams {}),
            Some(_) => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
        }
    }
}

/// Reads the parameters of a request or notification. Absent ones count as `{}`, so that methods whose parameters are
/// all optional can be called without. The error says which parameter is wrong, and how.
pub fn decode_params<P: Payload>(params: Option<&RawValue>) -> Result<P, ErrorObject> {
    let text = params.map_or("{}", RawValue::get);
    serde_json::from_str(text).map_err(|_| explain::<P>(text))
}

/// Reads once more, slower, keeping track of where we are.
fn explain<P: Payload>(text: &str) -> ErrorObject {
    let mut json = serde_json::Deserializer::from_str(text);
    let message = match serde_path_to_error::deserialize::<_, P>(&mut json) {
        Ok(_) => "the parameters are not valid JSON".to_owned(),
        Err(e) => {
            let path = e.path().to_string();
            let reason = e.into_inner().to_string();
            // The position counts from the start of the parameters, which the client cannot see.
            let reason = reason.rsplit_once(" at line ").map_or(&*reason, |(head, _)| head);
            if path == "."
                || reason.starts_with("missing field") && !path.contains('.') && !path.contains('[')
            {
                reason.to_owned()
            } else {
                format!("{path}: {reason}")
            }
        }
    };
    ErrorObject::new(INVALID_PARAMS, format!("Invalid params: {message}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ThreadStartParams, TurnStartParams};

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn refusal<P: Payload>(text: &str) -> String {
        decode_params::<P>(Some(&raw(text))).err().unwrap().message
    }

    #[test]
    fn a_refusal_names_the_parameter() {
        for (text, expected) in [
            ("{}", "Invalid params: missing field `threadId`"),
            (
                r#"{"threadId":5,"input":[]}"#,
                "Invalid params: threadId: invalid type: integer `5`, expected a string",
            ),
            (
                r#"{"threadId":"t","input":[],"runtimeWorkspaceRoots":["/a","b"]}"#,
                "Invalid params: runtimeWorkspaceRoots[1]: expected an absolute path, got the relative path `b`",
            ),
        ] {
            assert_eq!(refusal::<TurnStartParams>(text), expected);
        }
        let wrong = refusal::<ThreadStartParams>(r#"{"personality":"rude"}"#);
        assert!(
            wrong.contains("personality: unknown variant `rude`, expected one of `none`, `friendly`"),
            "{wrong}"
        );
    }

    #[test]
    fn absent_parameters_do_where_all_are_optional() {
        assert_eq!(
            decode_params::<ThreadStartParams>(None).unwrap(),
            ThreadStartParams::default()
        );
        assert!(decode_params::<TurnStartParams>(None).is_err());
        assert_eq!(decode_params::<NoParams>(None).unwrap(), NoParams {});
    }

    #[test]
    fn a_method_without_parameters_takes_none() {
        for none in ["{}", "null"] {
            assert_eq!(decode_params::<NoParams>(Some(&raw(none))).unwrap(), NoParams {});
        }
        for other in ["[]", "[1]", "1", "\"x\"", "true", "{\"zz\":1}"] {
            let error = decode_params::<NoParams>(Some(&raw(other))).unwrap_err();
            assert!(
                error.message.contains("no parameters"),
                "{other}: {}",
                error.message
            );
        }
    }
}

//! Claims of a JSON Web Token (RFC 7519). Signatures are not checked: we show these claims to the token's owner and
//! trust them no further.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// Namespace of the account claims.
const AUTH: &str = "https://api.openai.com/auth";
/// Namespace of the profile claims.
const PROFILE: &str = "https://api.openai.com/profile";

/// What a token says about its owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    /// E-mail address.
    pub(crate) email: Option<String>,
    /// Plan of the workspace.
    pub(crate) plan_type: Option<String>,
    /// User.
    pub(crate) user_id: Option<String>,
    /// Workspace.
    pub(crate) account_id: Option<String>,
    /// The workspace's flag.
    pub(crate) is_fedramp: bool,
    /// Unix seconds after which the token is not accepted.
    pub(crate) expires_at: Option<i64>,
}

impl Claims {
    /// Reads the claims; `None` if this is no JSON Web Token.
    pub(crate) fn decode(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if header.is_empty() || payload.is_empty() || signature.is_empty() || parts.next().is_some() {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        let claims: Map<String, Value> = serde_json::from_slice(&bytes).ok()?;
        let auth = claims.get(AUTH);
        let text = |key: &str| Some(auth?.get(key)?.as_str()?.to_owned());
        let flag = |key: &str| auth.and_then(|auth| auth.get(key)?.as_bool()).unwrap_or(false);
        let email = claims.get("email").or_else(|| claims.get(PROFILE)?.get("email"));
        Some(Self {
            email: email.and_then(Value::as_str).map(str::to_owned),
            plan_type: text("chatgpt_plan_type"),
            user_id: text("chatgpt_user_id").or_else(|| text("user_id")),
            account_id: text("chatgpt_account_id"),
            is_fedramp: flag("chatgpt_account_is_fedramp"),
            expires_at: claims.get("exp").and_then(whole_seconds),
        })
    }
}

/// A NumericDate may have a fraction.
fn whole_seconds(value: &Value) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, and nobody needs a date beyond that"
    )]
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn token(claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(&json!({"alg": "none"})), part(claims))
    }

    #[test]
    fn account_claims_are_read() {
        let claims = Claims::decode(&token(&json!({
            "email": "a@b.c", "exp": 12.7,
            AUTH: {"chatgpt_plan_type": "pro", "user_id": "u", "chatgpt_account_id": "w", "chatgpt_account_is_fedramp": true},
        })));
        let expected = Claims {
            email: Some("a@b.c".into()),
            plan_type: Some("pro".into()),
            user_id: Some("u".into()),
            account_id: Some("w".into()),
            is_fedramp: true,
            expires_at: Some(12),
        };
        assert_eq!(claims, Some(expected));
    }

    #[test]
    fn the_profile_has_the_email_if_the_top_has_not() {
        let claims = Claims::decode(&token(&json!({PROFILE: {"email": "p@b.c"}})));
        assert_eq!(claims.and_then(|claims| claims.email).as_deref(), Some("p@b.c"));
    }

    #[test]
    fn claims_of_a_wrong_type_are_absent() {
        assert_eq!(
            Claims::decode(&token(&json!({"email": 1, AUTH: "x", "exp": "y"}))),
            Some(Claims::default())
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_text_is_a_token_or_none(text in "\\PC*", dots in "[a-zA-Z0-9_.=-]{0,64}") {
            let _ = Claims::decode(&text);
            let _ = Claims::decode(&dots);
        }
    }
}

//! The content of auth.json (docs/contract/authentication.md#storage). It is kept as JSON, so that what we do not know survives.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::claims::Claims;
use super::{CodexAuth, Secret};

/// Stored credentials.
#[derive(Clone, PartialEq)]
pub(crate) struct StoredAuth(Map<String, Value>);

/// Tokens as the authority hands them out. What it leaves out stays as it was.
#[derive(Clone, Default, serde::Deserialize)]
#[expect(clippy::struct_field_names, reason = "these are the names on the wire")]
pub(crate) struct IssuedTokens {
    pub(crate) id_token: Option<String>,
    pub(crate) access_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
}

impl fmt::Debug for StoredAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredAuth(…)")
    }
}

impl fmt::Debug for IssuedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssuedTokens(…)")
    }
}

impl StoredAuth {
    /// Reads the text of auth.json.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text).map(Self)
    }

    /// The text of auth.json.
    pub(crate) fn to_text(&self) -> String {
        format!("{:#}", Value::Object(self.0.clone()))
    }

    /// Credentials of a login with an API key.
    pub(crate) fn api_key_login(key: &str) -> Self {
        Self::from_json(json!({"auth_mode": "apikey", "OPENAI_API_KEY": key}))
    }

    /// Credentials of a ChatGPT login.
    pub(crate) fn chatgpt_login(
        tokens: &IssuedTokens,
        api_key: Option<&str>,
        issuer: &str,
        client_id: &str,
        now: DateTime<Utc>,
    ) -> Self {
        let account_id = tokens
            .id_token
            .as_deref()
            .and_then(Claims::decode)
            .and_then(|claims| claims.account_id);
        Self::from_json(json!({
            "auth_mode": "chatgpt",
            "OPENAI_API_KEY": api_key,
            "tokens": {
                "id_token": tokens.id_token,
                "access_token": tokens.access_token,
                "refresh_token": tokens.refresh_token,
                "account_id": account_id,
                "oauth_provenance": {"issuer": issuer, "client_id": client_id},
            },
            "last_refresh": rfc3339(now),
        }))
    }

    fn from_json(value: Value) -> Self {
        match value {
            Value::Object(map) => Self(map),
            _ => Self(Map::new()),
        }
    }

    /// The same login with the tokens of a refresh.
    pub(crate) fn refreshed(&self, issued: &IssuedTokens, now: DateTime<Utc>) -> Self {
        let mut map = self.0.clone();
        if let Some(tokens) = map.get_mut("tokens").and_then(Value::as_object_mut) {
            let fresh = [
                ("id_token", &issued.id_token),
                ("access_token", &issued.access_token),
                ("refresh_token", &issued.refresh_token),
            ];
            for (key, value) in fresh {
                if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                    tokens.insert(key.to_owned(), Value::String(value.clone()));
                }
            }
        }
        map.insert("last_refresh".to_owned(), Value::String(rfc3339(now)));
        Self(map)
    }

    /// What to send with requests; `None` if nothing in here can be used.
    pub(crate) fn credentials(&self) -> Option<CodexAuth> {
        if self.is_api_key() {
            let key = Secret::trimmed(self.0.get("OPENAI_API_KEY")?.as_str()?);
            return Some(CodexAuth::ApiKey { key });
        }
        let access_token = self.access_token()?;
        let claims = self.claims();
        Some(CodexAuth::ChatGpt {
            access_token: Secret::trimmed(access_token),
            account_id: self.account_id(),
            plan_type: claims.plan_type,
            is_fedramp: claims.is_fedramp,
        })
    }

    /// Without a mode in the file, an API key wins over tokens.
    fn is_api_key(&self) -> bool {
        match self.0.get("auth_mode").and_then(Value::as_str) {
            Some(mode) => mode.eq_ignore_ascii_case("apikey"),
            None => self.0.get("OPENAI_API_KEY").is_some_and(Value::is_string),
        }
    }

    /// Claims of the identity token, and of the access token where that has none.
    pub(crate) fn claims(&self) -> Claims {
        let decode = |key| self.token(key).and_then(Claims::decode);
        decode("id_token")
            .or_else(|| decode("access_token"))
            .unwrap_or_default()
    }

    /// The workspace of the tokens.
    pub(crate) fn account_id(&self) -> Option<String> {
        self.token("account_id")
            .map(str::to_owned)
            .or_else(|| self.claims().account_id)
    }

    /// Bearer token of a ChatGPT login.
    pub(crate) fn access_token(&self) -> Option<&str> {
        self.token("access_token").filter(|_| !self.is_api_key())
    }

    /// What the authority takes for a new access token.
    pub(crate) fn refresh_token(&self) -> Option<&str> {
        self.token("refresh_token").filter(|token| !token.is_empty())
    }

    /// The client id that the tokens were handed out to, if the login recorded it.
    pub(crate) fn client_id(&self) -> Option<&str> {
        self.provenance("client_id")
    }

    /// Who handed out the tokens, if the login recorded it.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.provenance("issuer")
    }

    fn provenance(&self, key: &str) -> Option<&str> {
        let provenance = self.0.get("tokens")?.get("oauth_provenance")?;
        provenance.get(key)?.as_str()
    }

    /// When the tokens were last handed out.
    pub(crate) fn last_refresh(&self) -> Option<DateTime<Utc>> {
        let text = self.0.get("last_refresh")?.as_str()?;
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|at| at.with_timezone(&Utc))
    }

    fn token(&self, key: &str) -> Option<&str> {
        self.0.get("tokens")?.get(key)?.as_str()
    }
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_do_not_know_survives_a_refresh() {
        let text = br#"{"auth_mode":"chatgpt","new":{"a":1},"tokens":{"access_token":"old","refresh_token":"r","login_owner_id":"o"}}"#;
        let stored = StoredAuth::parse(text).unwrap();
        let issued = IssuedTokens {
            access_token: Some("new".into()),
            ..IssuedTokens::default()
        };
        let fresh: Value = serde_json::from_str(&stored.refreshed(&issued, Utc::now()).to_text()).unwrap();
        assert_eq!(fresh["new"], json!({"a": 1}));
        assert_eq!(
            fresh["tokens"],
            json!({"access_token": "new", "refresh_token": "r", "login_owner_id": "o"})
        );
        assert!(fresh["last_refresh"].is_string());
    }

    #[test]
    fn without_a_mode_the_key_wins_over_tokens() {
        let both = StoredAuth::parse(br#"{"OPENAI_API_KEY":"k","tokens":{"access_token":"a"}}"#).unwrap();
        assert_eq!(
            both.credentials(),
            Some(CodexAuth::ApiKey {
                key: Secret::new("k")
            })
        );
        let tokens = StoredAuth::parse(br#"{"OPENAI_API_KEY":null,"tokens":{"access_token":"a"}}"#).unwrap();
        assert_eq!(tokens.access_token(), Some("a"));
    }

    #[test]
    fn a_file_without_credentials_signs_nobody_in() {
        for text in [
            "{}",
            r#"{"auth_mode":"apikey"}"#,
            r#"{"auth_mode":"chatgpt","tokens":7}"#,
        ] {
            assert_eq!(
                StoredAuth::parse(text.as_bytes()).unwrap().credentials(),
                None,
                "{text}"
            );
        }
    }
}

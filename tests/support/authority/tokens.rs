//! Tokens as an authority makes them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A JSON Web Token with these claims. Nobody checks its signature.
pub fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(&json!({"alg": "none"})), part(claims))
}

/// A bearer token of a workspace that ends at this time (Unix seconds). The serial makes it unlike others.
pub fn access_token(account: &str, serial: u64, expires_at: i64) -> String {
    jwt(&json!({
        "exp": expires_at,
        "jti": format!("access-{serial}"),
        "https://api.openai.com/profile": {"email": format!("{account}@example.com")},
        "https://api.openai.com/auth": {
            "chatgpt_account_id": account,
            "chatgpt_plan_type": "pro",
            "chatgpt_user_id": format!("user-{account}"),
        },
    }))
}

/// Unix seconds, now.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

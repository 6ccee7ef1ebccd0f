//! JSON Web Tokens, signed with HS256 (RFC 7519, RFC 7515).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::Value;

use crate::client::handle::Identity;

/// Which tokens are good.
pub(crate) struct SignedTokens {
    key: hmac::Key,
    issuer: Option<String>,
    audience: Option<String>,
    skew: u64,
}

impl SignedTokens {
    pub(super) fn new(secret: &[u8], issuer: Option<String>, audience: Option<String>, skew: u64) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            issuer,
            audience,
            skew,
        }
    }

    /// Whom a token names, if it is good now (Unix seconds). Tokens of one subject of one issuer are as good as each
    /// other.
    pub(super) fn identify(&self, token: &str, now: i64) -> Option<Identity> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let signature = decode(signature)?;
        hmac::verify(&self.key, signed.as_bytes(), &signature).ok()?;
        let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
        // What must be understood (`crit`) is not.
        if header["alg"] != "HS256" || !header["crit"].is_null() {
            return None;
        }
        let claims: Value = serde_json::from_slice(&decode(claims)?).ok()?;
        #[expect(clippy::cast_precision_loss, reason = "seconds are far from the limits")]
        let (now, skew) = (now as f64, self.skew as f64);
        let expires = claims["exp"].as_f64()?;
        if now >= expires + skew {
            return None;
        }
        match &claims["nbf"] {
            Value::Null => {}
            not_before => {
                if now + skew < not_before.as_f64()? {
                    return None;
                }
            }
        }
        if self
            .issuer
            .as_deref()
            .is_some_and(|issuer| claims["iss"] != issuer)
        {
            return None;
        }
        if let Some(audience) = &self.audience {
            let is_meant = match &claims["aud"] {
                Value::Array(audiences) => audiences.iter().any(|other| other == audience),
                other => other == audience,
            };
            if !is_meant {
                return None;
            }
        }
        let name = [&claims["iss"], &claims["sub"]].map(Value::to_string);
        Some(Identity::new(format!("signed {}", name.join(" "))))
    }
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

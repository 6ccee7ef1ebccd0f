//! Tokens, good and bad.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::hmac;
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const NOW: i64 = 1_800_000_000;

fn sign(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn policy(options: &AuthOptions) -> Policy {
    options.policy().unwrap_or_else(|error| panic!("{error}"))
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

fn is_let_in(policy: &Policy, header: &str) -> bool {
    let header = HeaderValue::from_str(header).unwrap();
    policy.identify(Some(&header), NOW).is_some()
}

fn signed_options(secret: &tempfile::NamedTempFile) -> AuthOptions {
    AuthOptions {
        mode: Some(AuthMode::SignedBearerToken),
        shared_secret_file: Some(secret.path().to_owned()),
        ..AuthOptions::default()
    }
}

#[test]
fn a_capability_token_is_compared_without_the_space_around_it() {
    let file = file("  the token\n");
    let by_file = policy(&AuthOptions {
        mode: Some(AuthMode::CapabilityToken),
        token_file: Some(file.path().to_owned()),
        ..AuthOptions::default()
    });
    let hash = "D94772FD76A9E3A1C170673847BA8F96851FD423B1A7834871CD2C78633C7E97".to_owned();
    let by_hash = policy(&AuthOptions {
        mode: Some(AuthMode::CapabilityToken),
        token_sha256: Some(hash),
        ..AuthOptions::default()
    });
    for policy in [by_file, by_hash] {
        assert!(is_let_in(&policy, "Bearer the token"));
        assert!(is_let_in(&policy, "bEARER  the token "));
        for other in [
            "Bearer the toke",
            "Bearer the tokens",
            "Basic the token",
            "the token",
            "Bearer ",
        ] {
            assert!(!is_let_in(&policy, other), "{other}");
        }
        assert!(policy.identify(None, NOW).is_none());
    }
}

#[test]
fn claims_of_a_signed_token_are_checked() {
    let secret = file(SECRET);
    let policy = policy(&AuthOptions {
        issuer: Some("issuer".to_owned()),
        audience: Some("me".to_owned()),
        ..signed_options(&secret)
    });
    let good = json!({"exp": NOW + 1, "iss": "issuer", "aud": ["you", "me"], "sub": "a"});
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        is_let_in(&policy, &format!("Bearer {}", sign(&header, &claims, SECRET)))
    };
    assert!(with("sub", json!("a")));
    assert!(with("aud", json!("me")));
    assert!(with("exp", json!(NOW - 29)), "within the skew");
    assert!(with("nbf", json!(NOW + 30)), "within the skew");
    assert!(with("exp", json!(f64::MAX)));
    for (name, value) in [
        ("exp", json!(NOW - 30)),
        ("exp", Value::Null),
        ("exp", json!("2000000000")),
        ("nbf", json!(NOW + 31)),
        ("nbf", json!("now")),
        ("iss", json!("another")),
        ("iss", Value::Null),
        ("aud", json!("you")),
        ("aud", json!(["you"])),
        ("aud", Value::Null),
    ] {
        assert!(!with(name, value.clone()), "{name} {value}");
    }
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "HS512"}),
        json!({}),
        json!({"alg": "HS256", "crit": ["x"]}),
    ] {
        assert!(
            !is_let_in(&policy, &format!("Bearer {}", sign(&header, &good, SECRET))),
            "{header}"
        );
    }
    let forged = sign(&header, &good, "another secret of thirty-two bytes");
    assert!(!is_let_in(&policy, &format!("Bearer {forged}")));
}

#[test]
fn a_renewed_token_of_the_same_subject_is_the_same_identity() {
    let secret = file(SECRET);
    let policy = policy(&signed_options(&secret));
    let identity = |exp: i64, subject: &str| {
        let claims = json!({"exp": exp, "sub": subject});
        let token = sign(&json!({"alg": "HS256"}), &claims, SECRET);
        let header = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        policy.identify(Some(&header), NOW)
    };
    let [first, renewed, other] = [(1, "a"), (2, "a"), (1, "b")].map(|(exp, sub)| identity(NOW + exp, sub));
    assert!(first.is_some() && first == renewed && first != other);
}

#[test]
fn options_that_do_not_fit_together_are_named() {
    let (empty, short) = (file(" \n"), file("short"));
    let token = Some(short.path().to_owned());
    let capability = AuthOptions {
        mode: Some(AuthMode::CapabilityToken),
        ..AuthOptions::default()
    };
    let options = [
        (
            AuthOptions {
                token_file: token.clone(),
                ..AuthOptions::default()
            },
            "require `--ws-auth",
        ),
        (
            AuthOptions {
                issuer: Some("x".to_owned()),
                ..AuthOptions::default()
            },
            "require `--ws-auth",
        ),
        (
            capability.clone(),
            "`--ws-token-file` or `--ws-token-sha256` is required",
        ),
        (
            AuthOptions {
                token_sha256: Some("zz".to_owned()),
                ..capability.clone()
            },
            "64-character hex",
        ),
        (
            AuthOptions {
                token_sha256: Some("+1".repeat(32)),
                ..capability.clone()
            },
            "64-character hex",
        ),
        (
            AuthOptions {
                token_file: Some(empty.path().to_owned()),
                ..capability.clone()
            },
            "must not be empty",
        ),
        (
            AuthOptions {
                token_file: Some("/does/not/exist".into()),
                ..capability.clone()
            },
            "/does/not/exist",
        ),
        (
            AuthOptions {
                token_file: token.clone(),
                token_sha256: Some("zz".to_owned()),
                ..capability.clone()
            },
            "mutually exclusive",
        ),
        (
            AuthOptions {
                token_file: token.clone(),
                issuer: Some("x".to_owned()),
                ..capability
            },
            "require `--ws-auth signed-bearer-token`",
        ),
        (
            AuthOptions {
                shared_secret_file: None,
                ..signed_options(&short)
            },
            "is required",
        ),
        (
            AuthOptions {
                token_file: token,
                ..signed_options(&short)
            },
            "require `--ws-auth capability-token`",
        ),
        (signed_options(&short), "must be at least 32 bytes"),
    ];
    for (options, expected) in options {
        let Err(error) = options.policy() else {
            panic!("{options:?} is good")
        };
        assert!(error.to_string().contains(expected), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_is_a_token(text in "[ -~]{0,80}", token in "[A-Za-z0-9_.-]{0,120}") {
        let secret = file(SECRET);
        let policy = policy(&signed_options(&secret));
        prop_assert!(!is_let_in(&policy, &text));
        let bearer = format!("Bearer {token}");
        prop_assert!(!is_let_in(&policy, &bearer));
    }
}

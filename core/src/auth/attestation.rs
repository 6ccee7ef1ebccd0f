//! Proof of what the parent application is, for the servers of ChatGPT (docs/contract/model-http.md#attestation).

use std::fmt;

use ::http::HeaderValue;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::ThreadId;
use crate::auth::Secret;

/// The longest proof that is sent, in bytes. No server takes a header of this length.
const LONGEST: usize = 64 * 1024;

/// The parent application, as it is asked for proofs of what it is.
pub trait AttestationProvider: Send + Sync + 'static {
    /// Asks the application that works with this thread for a proof, for one request. `None`: none that works with it
    /// offers proofs. Dropping the future withdraws the question; the provider bounds how long it may take.
    fn attest(&self, thread: ThreadId) -> Option<BoxFuture<'static, Result<Secret, AttestationFailure>>>;
}

/// Why there is no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttestationFailure {
    /// The application was too slow.
    TimedOut,
    /// It answered by an error.
    Refused,
    /// It has gone, or the question was withdrawn.
    Gone,
    /// What it answered is no proof that could be sent.
    Malformed,
}

impl AttestationFailure {
    /// What the servers of ChatGPT call it.
    fn code(self) -> u8 {
        match self {
            Self::TimedOut => 1,
            Self::Refused => 2,
            Self::Gone => 3,
            Self::Malformed => 4,
        }
    }
}

impl fmt::Debug for dyn AttestationProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttestationProvider")
    }
}

/// What is sent for an answer of the application: the proof, or why there is none. Marked as sensitive. `None` can't
/// happen: what is no proof that a header can hold counts as malformed.
pub(super) fn header(answer: Result<Secret, AttestationFailure>) -> Option<HeaderValue> {
    let proof = answer.and_then(|token| {
        let token = token.expose();
        let text = format!(r#"{{"v":1,"s":0,"t":{}}}"#, Value::from(token));
        let proof = HeaderValue::from_str(&text)
            .ok()
            .filter(|_| token.is_ascii() && token.len() <= LONGEST);
        proof.ok_or(AttestationFailure::Malformed)
    });
    let mut header = match proof {
        Ok(proof) => proof,
        Err(failure) => {
            tracing::debug!(?failure, "the application gave no attestation");
            HeaderValue::from_str(&format!(r#"{{"v":1,"s":{}}}"#, failure.code())).ok()?
        }
    };
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_sent_as_it_is_and_a_failure_by_its_number() {
        let sent = |answer| header(answer).unwrap().to_str().unwrap().to_owned();
        let token = |text: &str| Ok(Secret::new(text));
        assert_eq!(sent(token("a b\n\"c\"")), r#"{"v":1,"s":0,"t":"a b\n\"c\""}"#);
        assert_eq!(sent(token("")), r#"{"v":1,"s":0,"t":""}"#);
        assert_eq!(sent(Err(AttestationFailure::TimedOut)), r#"{"v":1,"s":1}"#);
        assert_eq!(sent(Err(AttestationFailure::Refused)), r#"{"v":1,"s":2}"#);
        assert_eq!(sent(Err(AttestationFailure::Gone)), r#"{"v":1,"s":3}"#);
        let malformed = r#"{"v":1,"s":4}"#;
        assert_eq!(sent(Err(AttestationFailure::Malformed)), malformed);
        assert_eq!(sent(token("\u{e9}")), malformed, "no header can hold it");
        assert_eq!(sent(token(&"a".repeat(LONGEST + 1))), malformed);
        assert!(header(token("secret")).unwrap().is_sensitive());
        assert!(!format!("{:?}", header(token("secret"))).contains("secret"));
    }
}

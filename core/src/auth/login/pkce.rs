//! Proof keys of a login (RFC 7636) and other unguessable texts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::auth::Secret;

/// A verifier and its challenge.
pub(super) struct Pkce {
    /// 86 characters; goes with the code to the authority only.
    pub(super) verifier: Secret,
    /// 43 characters, method `S256`.
    pub(super) challenge: String,
}

impl Pkce {
    pub(super) fn new() -> Result<Self, String> {
        let verifier = random_text::<64>()?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        Ok(Self {
            verifier: Secret::new(verifier),
            challenge,
        })
    }
}

/// So many random bytes of the system, as URL-safe text.
pub(crate) fn random_text<const BYTES: usize>() -> Result<String, String> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_contract() {
        let pkce = Pkce::new().unwrap();
        assert_eq!((pkce.verifier.expose().len(), pkce.challenge.len()), (86, 43));
        assert_eq!(random_text::<32>().unwrap().len(), 43);
        assert_ne!(random_text::<32>().unwrap(), random_text::<32>().unwrap());
    }
}

//! Proof keys of a login (RFC 7636) and other unguessable texts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::auth::Secret;

/// A verifier and its challenge.
pub(crate) struct Pkce {
    /// Four characters for three bytes; goes with the code to the authority only.
    pub(crate) verifier: Secret,
    /// 43 characters, method `S256`.
    pub(crate) challenge: String,
}

impl Pkce {
    /// A verifier of so many random bytes; 32 to 96 make what the RFC allows.
    pub(crate) fn new<const BYTES: usize>() -> Result<Self, String> {
        let verifier = random_text::<BYTES>()?;
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
        let pkce = Pkce::new::<64>().unwrap();
        assert_eq!((pkce.verifier.expose().len(), pkce.challenge.len()), (86, 43));
        assert_eq!(random_text::<32>().unwrap().len(), 43);
        assert_ne!(random_text::<32>().unwrap(), random_text::<32>().unwrap());
    }
}

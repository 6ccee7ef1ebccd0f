//! Proof that the client is the application that it says it is, for the servers of ChatGPT.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

crate::rpc::methods! {
    server AttestationGenerate "attestation/generate" (AttestationGenerateParams) -> AttestationGenerateResponse, stable, "Asks a client that has announced `requestAttestation` for a proof of what it is, for one request to the servers of ChatGPT. It has 100 ms to answer.";
}

/// Nothing: the proof is about the client, not about the request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttestationGenerateParams {}

/// The proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttestationGenerateResponse {
    /// The proof, opaque to this server. It is sent on as it is, and neither kept nor logged.
    pub token: Secret,
}

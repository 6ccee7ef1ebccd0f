//! Verification that the user is present, by the machine's hardware. There is none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::request_id::RequestId;

crate::rpc::methods! {
    client UserVerificationStatus "userVerification/status" (UserVerificationStatusParams) -> UserVerificationStatusResponse, experimental, "Tells whether the presence of the user can be verified.";
    client UserVerificationEnroll "userVerification/enroll" (UserVerificationEnrollParams) -> UserVerificationEnrollResponse, experimental, "Makes a key that needs the user's presence.";
    client UserVerificationDelete "userVerification/delete" (UserVerificationDeleteParams) -> UserVerificationDeleteResponse, experimental, "Removes that key.";
    client UserVerificationVerify "userVerification/verify" (UserVerificationVerifyParams) -> UserVerificationVerifyResponse, experimental, "Has the user sign a challenge.";
    client UserVerificationCancel "userVerification/cancel" (UserVerificationCancelParams) -> UserVerificationCancelResponse, experimental, "Gives up a verification.";
}

/// Nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserVerificationStatusParams {}

/// Whether it can be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserVerificationStatusResponse {
    /// The key.
    pub credential_id: Option<String>,
    /// Why it can't, for people.
    pub unavailable_message: Option<String>,
    /// Why it can't.
    pub unavailable_reason: Option<UserVerificationUnavailableReason>,
}

/// Why the presence of the user can't be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UserVerificationUnavailableReason {
    /// There is no key.
    CredentialMissing,
    /// There is no sensor.
    BiometricsUnavailable,
    /// This program can't.
    ProviderUnavailable,
}

/// Nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserVerificationEnrollParams {}

/// The key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserVerificationEnrollResponse {
    /// How it signs.
    pub algorithm: Option<String>,
    /// Its name.
    pub credential_id: String,
    /// Its public part.
    pub public_key: Option<String>,
}

/// Nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserVerificationDeleteParams {}

/// It is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserVerificationDeleteResponse {}

/// What to sign, and what the user is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserVerificationVerifyParams {
    /// What to sign.
    pub challenge: String,
    /// Why.
    pub description: String,
    /// For what.
    pub title: String,
}

/// The user was there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserVerificationVerifyResponse {
    /// How the user was recognised.
    pub biometric_type: Option<UserVerificationBiometricType>,
    /// The signature.
    pub proof: UserVerificationProof,
}

/// How a user is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UserVerificationBiometricType {
    /// By a finger.
    Fingerprint,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserVerificationProof {
    /// The key.
    pub credential_id: String,
    /// What it made of the challenge.
    pub signature: String,
}

/// Which verification to give up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserVerificationCancelParams {
    /// The id of its request.
    pub request_id: RequestId,
}

/// It doesn't run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserVerificationCancelResponse {}

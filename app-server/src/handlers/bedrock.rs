//! Credentials of Amazon that are set up on this machine (docs/contract/services.md#other-methods).

use codex_app_server_protocol::{
    AwsCredentialType, BedrockAwsProfile, BedrockCheckGovCloudRequirements,
    BedrockCheckGovCloudRequirementsParams, BedrockCheckGovCloudRequirementsResponse, BedrockDiscover,
    BedrockDiscoverParams, BedrockDiscoverResponse, BedrockEnvironmentCredential,
};
use codex_core::AwsCredentials;

use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<BedrockDiscover, _, _>(discover);
    router.on::<BedrockCheckGovCloudRequirements, _, _>(check_gov_cloud);
}

async fn discover(_: RequestContext, _: BedrockDiscoverParams) -> RpcResult<BedrockDiscoverResponse> {
    let region = codex_core::aws_region_of_environment();
    let credentials = codex_core::aws_credentials_of_environment();
    let credentials = credentials.into_iter().map(|kind| BedrockEnvironmentCredential {
        region: region.clone(),
        kind: match kind {
            AwsCredentials::AccessKeys => AwsCredentialType::AccessKeys,
            AwsCredentials::BedrockApiKey => AwsCredentialType::BedrockApiKey,
        },
    });
    let profiles = codex_core::aws_profiles().await;
    let profiles = profiles.into_iter().map(|profile| BedrockAwsProfile {
        name: profile.name,
        region: profile.region,
    });
    Ok(BedrockDiscoverResponse {
        environment_credentials: credentials.collect(),
        profiles: profiles.collect(),
    })
}

/// No provider of this server is in such a region.
async fn check_gov_cloud(
    _: RequestContext,
    _: BedrockCheckGovCloudRequirementsParams,
) -> RpcResult<BedrockCheckGovCloudRequirementsResponse> {
    Ok(BedrockCheckGovCloudRequirementsResponse {
        is_gov_cloud: false,
        should_warn: false,
    })
}

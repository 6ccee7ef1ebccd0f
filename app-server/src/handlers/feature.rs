//! Features that can be switched on and off (docs/contract/services.md#features).

use codex_app_server_protocol::{
    ExperimentalFeature, ExperimentalFeatureEnablementSet, ExperimentalFeatureEnablementSetParams,
    ExperimentalFeatureEnablementSetResponse, ExperimentalFeatureList, ExperimentalFeatureListParams,
    ExperimentalFeatureListResponse, ExperimentalFeatureStage,
};
use codex_core::features::{self, Feature, Features, Stage};
use codex_core::{Op, Reply};

use super::config::of_home;
use super::page;
use crate::rpc::error::RpcResult;
use crate::server::{RequestContext, Router};

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ExperimentalFeatureList, _, _>(list);
    router.on::<ExperimentalFeatureEnablementSet, _, _>(set_enablement);
}

async fn list(
    cx: RequestContext,
    params: ExperimentalFeatureListParams,
) -> RpcResult<ExperimentalFeatureListResponse> {
    let features = match &params.thread_id {
        Some(id) => features_of_thread(&cx, id).await?,
        None => of_home(&cx).await?.features.clone(),
    };
    let all: Vec<Feature> = features::all().collect();
    let (page, next_cursor) = page::of(params.cursor.as_deref(), params.limit, all.len(), "feature flags")?;
    Ok(ExperimentalFeatureListResponse {
        data: all[page]
            .iter()
            .map(|feature| to_wire(*feature, &features))
            .collect(),
        next_cursor,
    })
}

async fn features_of_thread(cx: &RequestContext, id: &str) -> RpcResult<Features> {
    let thread = cx.server.thread(id)?;
    let (reply, snapshot) = Reply::channel();
    thread.submit(Op::Snapshot {
        include_turns: false,
        reply,
    });
    Ok(snapshot.await?.features)
}

fn to_wire(feature: Feature, features: &Features) -> ExperimentalFeature {
    let shown = feature.stage == Stage::Beta;
    ExperimentalFeature {
        name: feature.key.to_owned(),
        stage: match feature.stage {
            Stage::UnderDevelopment => ExperimentalFeatureStage::UnderDevelopment,
            Stage::Beta => ExperimentalFeatureStage::Beta,
            Stage::Stable => ExperimentalFeatureStage::Stable,
            Stage::Deprecated => ExperimentalFeatureStage::Deprecated,
            Stage::Removed => ExperimentalFeatureStage::Removed,
        },
        enabled: features.enabled(feature.key),
        default_enabled: feature.default_enabled,
        // Clients offer features with these texts to their users.
        display_name: shown.then(|| feature.key.replace('_', " ")),
        description: shown.then(|| "Accepted, but has no effect in this server yet.".to_owned()),
        announcement: None,
    }
}

async fn set_enablement(
    cx: RequestContext,
    params: ExperimentalFeatureEnablementSetParams,
) -> RpcResult<ExperimentalFeatureEnablementSetResponse> {
    let switches = &cx.server.config.switches;
    let mut enablement = params.enablement;
    enablement.retain(|name, on| switches.set(name, *on));
    Ok(ExperimentalFeatureEnablementSetResponse { enablement })
}

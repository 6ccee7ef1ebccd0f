//! Configuration on the wire (docs/contract/configuration.md#reading-and-writing).

use codex_app_server_protocol::{
    AbsolutePathBuf, Config, ConfigLayer, ConfigLayerMetadata, ConfigLayerSource, ConfigReadResponse,
    ConfigWriteResponse, GatewayAuth, ModelProviderSummary, OverriddenMetadata, ProviderSettings,
    WriteStatus,
};
use codex_core::config::{
    ConfigReading, ConfigWritten, LayerSource, LayerVersion, ProviderAuthKind, ProviderSummary,
};
use serde_json::Value;

/// What is read, with the layers if they are wanted.
pub(crate) fn reading_to_wire(mut reading: ConfigReading, with_layers: bool) -> ConfigReadResponse {
    tell_policy(reading.config.get_mut("approval_policy"));
    for layer in &mut reading.layers {
        tell_policy(layer.config.get_mut("approval_policy"));
    }
    let layer = |layer: codex_core::config::LayerReading| ConfigLayer {
        name: source_to_wire(&layer.layer.source),
        version: layer.layer.version,
        config: layer.config,
        disabled_reason: layer.disabled_reason,
    };
    ConfigReadResponse {
        config: Config(reading.config),
        origins: reading
            .origins
            .into_iter()
            .map(|(path, version)| (path, version_to_wire(&version)))
            .collect(),
        layers: with_layers.then(|| reading.layers.into_iter().map(layer).collect()),
    }
}

/// Clients don't know the word that is read for the sake of old files.
fn tell_policy(policy: Option<&mut Value>) {
    if let Some(policy) = policy.filter(|policy| **policy == "on-failure") {
        *policy = "on-request".into();
    }
}

fn source_to_wire(source: &LayerSource) -> ConfigLayerSource {
    let path = AbsolutePathBuf::from_path;
    match source {
        LayerSource::System { file } => ConfigLayerSource::System { file: path(file) },
        LayerSource::User { file, profile } => ConfigLayerSource::User {
            file: path(file),
            profile: profile.clone(),
        },
        LayerSource::Project { folder } => ConfigLayerSource::Project {
            dot_codex_folder: path(folder),
        },
        LayerSource::SessionFlags => ConfigLayerSource::SessionFlags,
        LayerSource::Managed { file } => {
            ConfigLayerSource::LegacyManagedConfigTomlFromFile { file: path(file) }
        }
    }
}

fn version_to_wire(version: &LayerVersion) -> ConfigLayerMetadata {
    ConfigLayerMetadata {
        name: source_to_wire(&version.source),
        version: version.version.clone(),
    }
}

/// What was written.
pub(crate) fn written_to_wire(written: ConfigWritten) -> ConfigWriteResponse {
    ConfigWriteResponse {
        status: match written.overridden {
            None => WriteStatus::Ok,
            Some(_) => WriteStatus::OkOverridden,
        },
        version: written.version,
        file_path: AbsolutePathBuf::from_path(&written.file),
        overridden_metadata: written.overridden.map(|overridden| OverriddenMetadata {
            message: overridden.message,
            overriding_layer: version_to_wire(&overridden.layer),
            effective_value: overridden.effective,
        }),
    }
}

/// A provider.
pub(crate) fn provider_to_wire(provider: ProviderSummary) -> ModelProviderSummary {
    ModelProviderSummary {
        id: provider.id,
        name: provider.name,
        can_edit: provider.can_edit,
        base_url: provider.base_url,
        settings: match provider.auth {
            None => ProviderSettings::Openai,
            Some(auth) => ProviderSettings::CustomGateway {
                auth: match auth {
                    ProviderAuthKind::None => GatewayAuth::None,
                    ProviderAuthKind::EnvironmentVariable(env_key) => {
                        GatewayAuth::EnvironmentVariable { env_key }
                    }
                    ProviderAuthKind::External(env_key) => GatewayAuth::ExternallyConfigured { env_key },
                },
            },
        },
    }
}

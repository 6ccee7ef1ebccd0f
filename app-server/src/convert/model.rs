//! Models.

use codex_app_server_protocol as wire;
use codex_core::model::{InputModality, ModelInfo, ModelUpgrade, ReasoningLevel, ServiceTier, Visibility};

/// Towards the client.
pub(crate) fn to_wire(model: &ModelInfo, is_default: bool) -> wire::Model {
    wire::Model {
        id: model.slug.clone(),
        default_reasoning_effort: wire::ReasoningEffort(default_effort(model)),
        description: model.description.clone().unwrap_or_default(),
        display_name: model.display_name.clone(),
        hidden: is_hidden(model),
        is_default,
        model: model.slug.clone(),
        supported_reasoning_efforts: model.supported_reasoning_levels.iter().map(level).collect(),
        additional_speed_tiers: former_speed_tiers(model),
        availability_nux: model
            .availability_nux
            .as_ref()
            .map(|nux| wire::ModelAvailabilityNux {
                message: nux.message.clone(),
            }),
        available_access_programs: None,
        default_service_tier: model.default_service_tier.clone(),
        input_modalities: model.input_modalities.iter().map(|m| modality(*m)).collect(),
        model_specialty: model.model_specialty.clone(),
        multi_agent_version: model.multi_agent_version().and_then(multi_agent_version),
        service_tiers: model.service_tiers.iter().map(tier).collect(),
        supports_personality: false,
        upgrade: model.upgrade.as_ref().map(|upgrade| upgrade.model.clone()),
        upgrade_info: model.upgrade.as_ref().map(upgrade),
    }
}

/// Whether it is kept from users.
pub(crate) fn is_hidden(model: &ModelInfo) -> bool {
    model.visibility != Visibility::List
}

/// The model's choice, else the middle of what it offers.
fn default_effort(model: &ModelInfo) -> String {
    let levels = &model.supported_reasoning_levels;
    let middle = || levels.get(levels.len() / 2).map(|level| level.effort.clone());
    let chosen = model.default_reasoning_level.clone().or_else(middle);
    chosen.unwrap_or_else(|| "none".to_owned())
}

/// The priority tier was once called `fast`, and had a list of its own.
fn former_speed_tiers(model: &ModelInfo) -> Vec<String> {
    let priority = model.service_tiers.iter().any(|tier| tier.id == "priority");
    priority.then(|| "fast".to_owned()).into_iter().collect()
}

fn level(level: &ReasoningLevel) -> wire::ReasoningEffortOption {
    wire::ReasoningEffortOption {
        description: level.description.clone(),
        reasoning_effort: wire::ReasoningEffort(level.effort.clone()),
    }
}

/// Which tools start agents. A word that is not known is left out.
fn multi_agent_version(version: &str) -> Option<wire::MultiAgentVersion> {
    match version {
        "disabled" => Some(wire::MultiAgentVersion::Disabled),
        "v1" => Some(wire::MultiAgentVersion::V1),
        "v2" => Some(wire::MultiAgentVersion::V2),
        _ => None,
    }
}

fn modality(modality: InputModality) -> wire::InputModality {
    match modality {
        InputModality::Text => wire::InputModality::Text,
        InputModality::Image => wire::InputModality::Image,
        InputModality::Audio => wire::InputModality::Audio,
    }
}

fn tier(tier: &ServiceTier) -> wire::ModelServiceTier {
    wire::ModelServiceTier {
        id: tier.id.clone(),
        description: tier.description.clone(),
        name: tier.name.clone(),
    }
}

fn upgrade(upgrade: &ModelUpgrade) -> wire::ModelUpgradeInfo {
    wire::ModelUpgradeInfo {
        model: upgrade.model.clone(),
        migration_markdown: upgrade.migration_markdown.clone(),
        model_link: upgrade.model_link.clone(),
        retirement_at: upgrade.retirement_at,
        upgrade_copy: upgrade.upgrade_copy.clone(),
    }
}

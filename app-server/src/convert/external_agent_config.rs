//! What is taken over from another agent.

use codex_app_server_protocol::{
    CommandMigration, ExternalAgentConfigImportHistory, ExternalAgentConfigImportItemTypeFailure as Failure,
    ExternalAgentConfigImportItemTypeSuccess as Success, ExternalAgentConfigMigrationItem as MigrationItem,
    ExternalAgentConfigMigrationItemType as ItemType, HookMigration, McpServerMigration, MigrationDetails,
    SkillMigration, SubagentMigration,
};
use codex_core::external_agent::{
    ImportKind, ImportOffer, ImportRecord, ImportRequest, RecordedFailure, RecordedImport,
};

/// What can be taken over.
pub(crate) fn offer_to_wire(offer: ImportOffer) -> MigrationItem {
    let ImportOffer {
        kind,
        description,
        cwd,
        names,
    } = offer;
    let mut details = MigrationDetails::default();
    let names = names.into_iter();
    let details = match kind {
        ImportKind::Config | ImportKind::Instructions => None,
        ImportKind::McpServers => {
            details.mcp_servers = names.map(|name| McpServerMigration { name }).collect();
            Some(details)
        }
        ImportKind::Hooks => {
            details.hooks = names.map(|name| HookMigration { name }).collect();
            Some(details)
        }
        ImportKind::Skills => {
            details.skills = names.map(|name| SkillMigration { name }).collect();
            Some(details)
        }
        ImportKind::Commands => {
            details.commands = names.map(|name| CommandMigration { name }).collect();
            Some(details)
        }
        ImportKind::Subagents => {
            details.subagents = names.map(|name| SubagentMigration { name }).collect();
            Some(details)
        }
    };
    MigrationItem {
        item_type: kind_to_wire(kind),
        description,
        cwd: cwd.map(|cwd| cwd.to_string_lossy().into_owned()),
        details,
    }
}

fn kind_to_wire(kind: ImportKind) -> ItemType {
    match kind {
        ImportKind::Config => ItemType::Config,
        ImportKind::McpServers => ItemType::McpServerConfig,
        ImportKind::Hooks => ItemType::Hooks,
        ImportKind::Skills => ItemType::Skills,
        ImportKind::Commands => ItemType::Commands,
        ImportKind::Subagents => ItemType::Subagents,
        ImportKind::Instructions => ItemType::AgentsMd,
    }
}

/// What is to be taken over; `None` if that is not supported.
pub(crate) fn request_from_wire(item: &MigrationItem) -> Option<ImportRequest> {
    fn all<T>(entries: &[T], name: impl Fn(&T) -> &String) -> Vec<String> {
        entries.iter().map(|entry| name(entry).clone()).collect()
    }
    let names = |of: fn(&MigrationDetails) -> Vec<String>| item.details.as_ref().map(of);
    let (kind, names) = match item.item_type {
        ItemType::Config => (ImportKind::Config, None),
        ItemType::AgentsMd => (ImportKind::Instructions, None),
        ItemType::McpServerConfig => (
            ImportKind::McpServers,
            names(|details| all(&details.mcp_servers, |entry| &entry.name)),
        ),
        ItemType::Hooks => (
            ImportKind::Hooks,
            names(|details| all(&details.hooks, |entry| &entry.name)),
        ),
        ItemType::Skills => (
            ImportKind::Skills,
            names(|details| all(&details.skills, |entry| &entry.name)),
        ),
        ItemType::Commands => (
            ImportKind::Commands,
            names(|details| all(&details.commands, |entry| &entry.name)),
        ),
        ItemType::Subagents => (
            ImportKind::Subagents,
            names(|details| all(&details.subagents, |entry| &entry.name)),
        ),
        ItemType::Plugins | ItemType::Memory | ItemType::Sessions => return None,
    };
    Some(ImportRequest {
        kind,
        cwd: item.cwd.as_ref().map(Into::into),
        names,
    })
}

/// The contract's word for a type.
fn word(item_type: ItemType) -> String {
    match serde_json::to_value(item_type) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn type_of(word: &str) -> Option<ItemType> {
    serde_json::from_value(word.into()).ok()
}

/// For the history.
pub(crate) fn success_from_wire(success: Success) -> RecordedImport {
    RecordedImport {
        item_type: word(success.item_type),
        cwd: success.cwd,
        source: success.source,
        target: success.target,
        title: success.title,
    }
}

/// For the history.
pub(crate) fn failure_from_wire(failure: Failure) -> RecordedFailure {
    RecordedFailure {
        item_type: word(failure.item_type),
        cwd: failure.cwd,
        source: failure.source,
        error_type: failure.error_type,
        sub_error_type: failure.sub_error_type,
        failure_stage: failure.failure_stage,
        message: failure.message,
    }
}

/// From the history. What has a type of another release is left out.
pub(crate) fn record_to_wire(record: ImportRecord) -> ExternalAgentConfigImportHistory {
    let successes = record.successes.into_iter().filter_map(|success| {
        Some(Success {
            item_type: type_of(&success.item_type)?,
            cwd: success.cwd,
            source: success.source,
            target: success.target,
            title: success.title,
        })
    });
    let failures = record.failures.into_iter().filter_map(|failure| {
        Some(Failure {
            item_type: type_of(&failure.item_type)?,
            cwd: failure.cwd,
            source: failure.source,
            error_type: failure.error_type,
            sub_error_type: failure.sub_error_type,
            failure_stage: failure.failure_stage,
            message: failure.message,
        })
    });
    ExternalAgentConfigImportHistory {
        import_id: record.import_id,
        provider_id: record.provider_id,
        completed_at_ms: record.completed_at_ms,
        successes: successes.collect(),
        failures: failures.collect(),
    }
}

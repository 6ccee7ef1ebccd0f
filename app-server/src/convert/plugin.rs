//! Plugins and marketplaces.

use std::path::Path;

use codex_app_server_protocol as wire;
use codex_app_server_protocol::AbsolutePathBuf;
use codex_core::plugins::{
    AuthPolicy, FoundMarketplace, FoundPlugin, InstallPolicy, LoadError, PluginDetail, PluginInterface,
    PluginSkill, PluginSource,
};

use super::hook::event_to_wire;
use super::skills::interface_to_wire as skill_interface_to_wire;

/// A marketplace with its plugins.
pub(crate) fn marketplace_to_wire(found: FoundMarketplace) -> wire::PluginMarketplaceEntry {
    wire::PluginMarketplaceEntry {
        name: found.name,
        interface: found.display_name.map(|name| wire::MarketplaceInterface {
            display_name: Some(name),
        }),
        path: Some(path(&found.path)),
        plugins: found.plugins.into_iter().map(summary_to_wire).collect(),
    }
}

/// A marketplace that can't be read.
pub(crate) fn load_error_to_wire(error: LoadError) -> wire::MarketplaceLoadErrorInfo {
    wire::MarketplaceLoadErrorInfo {
        marketplace_path: path(&error.path),
        message: error.message,
    }
}

/// A plugin, in short.
pub(crate) fn summary_to_wire(plugin: FoundPlugin) -> wire::PluginSummary {
    wire::PluginSummary {
        id: plugin.id,
        name: plugin.name,
        source: source_to_wire(plugin.source),
        installed: plugin.installed,
        enabled: plugin.enabled,
        install_policy: match plugin.install_policy {
            InstallPolicy::NotAvailable => wire::PluginInstallPolicy::NotAvailable,
            InstallPolicy::Available => wire::PluginInstallPolicy::Available,
            InstallPolicy::InstalledByDefault => wire::PluginInstallPolicy::InstalledByDefault,
        },
        auth_policy: auth_to_wire(plugin.auth_policy),
        availability: wire::PluginAvailability::Available,
        interface: plugin.interface.map(interface_to_wire),
        keywords: plugin.keywords,
        local_version: plugin.local_version,
        disabled_reason: None,
        eligible_plan_types: None,
        install_policy_source: None,
        installed_at: None,
        must_show_installation_interstitial: None,
        remote_plugin_id: None,
        share_context: None,
        version: None,
    }
}

/// When a plugin asks for an account.
pub(crate) fn auth_to_wire(policy: AuthPolicy) -> wire::PluginAuthPolicy {
    match policy {
        AuthPolicy::OnInstall => wire::PluginAuthPolicy::OnInstall,
        AuthPolicy::OnUse => wire::PluginAuthPolicy::OnUse,
    }
}

/// What is in a plugin.
pub(crate) fn detail_to_wire(plugin: PluginDetail) -> wire::PluginDetail {
    wire::PluginDetail {
        marketplace_name: plugin.marketplace_name,
        marketplace_path: Some(path(&plugin.marketplace_path)),
        summary: summary_to_wire(plugin.summary),
        description: plugin.description,
        skills: plugin.skills.iter().map(skill_to_wire).collect(),
        hooks: plugin
            .hooks
            .into_iter()
            .map(|(key, event)| wire::PluginHookSummary {
                key,
                event_name: event_to_wire(event),
            })
            .collect(),
        mcp_servers: plugin.mcp_servers,
        apps: Vec::new(),
        app_templates: Vec::new(),
        onboarding_skill: None,
        scheduled_tasks: None,
        share_url: None,
    }
}

fn skill_to_wire(found: &PluginSkill) -> wire::SkillSummary {
    let skill = &found.skill;
    wire::SkillSummary {
        name: skill.name.clone(),
        description: skill.description.clone(),
        short_description: skill.short_description.clone(),
        interface: skill.interface.as_deref().map(skill_interface_to_wire),
        path: Some(skill.path.as_path().into()),
        enabled: found.enabled,
    }
}

fn source_to_wire(source: PluginSource) -> wire::PluginSource {
    match source {
        PluginSource::Local(folder) => wire::PluginSource::Local { path: path(&folder) },
        PluginSource::Git {
            url,
            path,
            ref_name,
            sha,
        } => wire::PluginSource::Git {
            url: codex_core::url_redaction::redact_url(&url),
            path,
            ref_name,
            sha,
        },
        PluginSource::Npm {
            package,
            version,
            registry,
        } => wire::PluginSource::Npm {
            package,
            registry,
            version,
        },
    }
}

fn interface_to_wire(interface: PluginInterface) -> wire::PluginInterface {
    let file = |file: Option<std::path::PathBuf>| file.as_deref().map(path);
    wire::PluginInterface {
        capabilities: interface.capabilities,
        screenshots: interface.screenshots.iter().map(|file| path(file)).collect(),
        screenshot_urls: Vec::new(),
        brand_color: interface.brand_color,
        category: interface.category,
        composer_icon: file(interface.composer_icon),
        composer_icon_url: None,
        default_prompt: interface.default_prompt,
        developer_name: interface.developer_name,
        display_name: interface.display_name,
        logo: file(interface.logo),
        logo_dark: file(interface.logo_dark),
        logo_url: None,
        logo_url_dark: None,
        long_description: interface.long_description,
        privacy_policy_url: interface.privacy_policy_url,
        short_description: interface.short_description,
        terms_of_service_url: interface.terms_of_service_url,
        website_url: interface.website_url,
    }
}

fn path(path: &Path) -> AbsolutePathBuf {
    AbsolutePathBuf::from_path(path)
}
